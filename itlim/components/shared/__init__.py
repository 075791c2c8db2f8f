"""Parts of every browser view: asset loader, message parser, shared scripts."""
