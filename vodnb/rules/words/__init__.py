"""Every sentence that a person reads, in both languages: a translator opens this folder. Pure."""
