"""A stand-in for the service that fails as it is told: real sockets, and a fault for each attempt on each route."""
