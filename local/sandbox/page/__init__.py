"""The sandbox's page: what was sent, what the product was told, and how the providers behave."""
