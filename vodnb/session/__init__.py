"""What a user holds: a connection and its verbs, `df.vod`, and the verbs without a connection."""
