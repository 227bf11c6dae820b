"""Performance side by side: this client, what a user would pick instead, and the floor, in one interleaved run."""
