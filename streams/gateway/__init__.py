"""The HTTP doors: what phones, tills and shops say comes in here, and offers go out."""
