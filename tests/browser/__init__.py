"""A package, so that the fixtures of this folder can end with it (pytest's scope "package")."""
