"""The public face: route, evaluate, replay, compare; with defaults filled in. Async first, with sync wrappers."""
