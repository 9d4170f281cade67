-- Puts an article that was set aside back on its way, once: it is tagged anew, and no try of it is remembered.
-- KEYS: 1 dead, 2 articles, 3 its decision, 4 its tags, 5 its root, 6 its open mark
-- ARGV: 1 id of the dead letter, 2 seq, 3 article, 4 fingerprint, 5 its original ("" for none), 6 article's id, 7 life of
--       the stand-in's mark in s, 8 prefix of roots
-- Returns {"gone", ""} (another replay or drop came first), {"decided", ""} (it had been decided after all), or {"back",
-- id of the article that it joins as a copy, "" for none}.
if redis.replicate_commands then redis.replicate_commands() end
if redis.call('XDEL', KEYS[1], ARGV[1]) == 0 then return {'gone', ''} end
if redis.call('EXISTS', KEYS[3]) == 1 then return {'decided', ''} end
local original, mark = ARGV[5], KEYS[5]
local stand_in = redis.call('GET', mark)
-- the copy that took its place may have died as well, and left its place to another one; what comes back has no
-- stand-in any more, so that this never leads in a circle, and the bound only guards the server
for _ = 1, 1000 do
  if not stand_in or stand_in == '' then break end
  original, mark = stand_in, ARGV[8] .. stand_in
  stand_in = redis.call('GET', mark)
end
if stand_in == '' and mark ~= KEYS[5] then
  -- nobody is left: it takes the place of the last one
  original = ''
  redis.call('SET', mark, ARGV[6], 'EX', ARGV[7])
end
redis.call('DEL', KEYS[4], KEYS[5])
-- copies that come from now on wait for it
redis.call('SET', KEYS[6], '1')
redis.call('XADD', KEYS[2], '*', 'seq', ARGV[2], 'again', ARGV[3], 'fp', ARGV[4], 'copy', original)
return {'back', original}
