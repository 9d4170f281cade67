-- Passes a tagged article on.
-- KEYS: articles, tagged, tags.  ARGV: 1 entry's id in the stream, 2 life of tags in s, 3 tags to keep, 4 seq,
-- 5 article, 6 fingerprint, 7 tags.  Returns "passed", or "done" when it was passed before, or is not known here: a
-- server that took over and lacks the article will be given it anew.
if redis.replicate_commands then redis.replicate_commands() end
if redis.call('XACK', KEYS[1], 'tag', ARGV[1]) == 0 then return 'done' end
if not redis.call('SET', KEYS[3], ARGV[3], 'NX', 'EX', ARGV[2]) then return 'done' end
redis.call('XADD', KEYS[2], '*', 'seq', ARGV[4], 'article', ARGV[5], 'fp', ARGV[6], 'tags', ARGV[7])
return 'passed'
