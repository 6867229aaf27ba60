"""The commands of `pressmark`, one function each; `crawler.cli` puts them together."""
