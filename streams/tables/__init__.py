"""The state of the engine: small tables in domain words, over a keyspace that is Redis or, in process, a dict."""
