"""When to speak: the alert language, the engine, news and scanner rules."""
