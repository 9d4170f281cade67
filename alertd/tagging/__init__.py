"""What is in an article: companies, their roles and sentiment, events, facts. `tagger.Tagger` is the way in."""
