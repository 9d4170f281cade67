-- Notes what a channel's sender is about to post.
-- KEYS: lease, sending.  ARGV: token, note.  Returns "claimed" or "fenced".
if redis.call('HGET', KEYS[1], 'token') ~= ARGV[1] then return 'fenced' end
redis.call('SET', KEYS[2], ARGV[2])
return 'claimed'
