"""The provider sandbox: the outside world of the one-machine mode, over real HTTP. It knows nothing of the product."""
