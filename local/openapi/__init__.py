"""Makes the OpenAPI document: routes from template.yaml, everything else from the functions behind them."""
