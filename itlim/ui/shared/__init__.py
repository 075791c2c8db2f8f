"""What several pages use: process-wide services, permalinks, mounted views, background work."""
