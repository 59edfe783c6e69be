"""The demo: the product's main job on real input over HTTP, from templates to opened mails, and a judge of it."""
