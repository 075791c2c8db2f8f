"""What every browser view uses: the asset loader, the message parser, shared scripts."""
