"""One call to VOD: settings, credentials, the client. The only room that speaks HTTP outward."""
