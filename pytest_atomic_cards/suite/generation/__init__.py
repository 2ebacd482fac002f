"""Generated requests and sequences: from the OpenAPI document, and of the lifecycle."""
