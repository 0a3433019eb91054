"""Files in which a retailer tells of its members: tables (CSV) and JSON Lines, as `member` messages."""
