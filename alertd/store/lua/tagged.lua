-- Passes a tagged article on.
-- KEYS: articles, tagged, tags.  ARGV: 1 entry's id in the stream, 2 life of tags in s, 3 tags to keep, 4 seq,
-- 5 article, 6 fingerprint, 7 tags.  Returns "passed", or "done" when it was passed before.
if redis.replicate_commands then redis.replicate_commands() end
local outcome = 'done'
if redis.call('SET', KEYS[3], ARGV[3], 'NX', 'EX', ARGV[2]) then
  redis.call('XADD', KEYS[2], '*', 'seq', ARGV[4], 'article', ARGV[5], 'fp', ARGV[6], 'tags', ARGV[7])
  outcome = 'passed'
end
redis.call('XACK', KEYS[1], 'tag', ARGV[1])
return outcome
