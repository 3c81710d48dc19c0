"""Settings -> real objects. The only package with imports inside functions: nothing is loaded before something needs it."""
