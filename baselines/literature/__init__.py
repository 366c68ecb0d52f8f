"""The systems that the handout's reading describes, one file per idea; `methods` lists them."""
