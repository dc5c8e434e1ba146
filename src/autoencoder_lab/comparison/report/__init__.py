"""The comparison as a page that opens in any browser, without a network."""
