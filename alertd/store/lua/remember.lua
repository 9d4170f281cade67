-- Stores what rules remember, and when time alone fires them.
-- KEYS: 1 lease, 2 due-set, then states of rules
-- ARGV: 1 token, 2 number of members, then time and name of each, then value and life in s of each state
-- Returns "stored" or "fenced".
if redis.call('HGET', KEYS[1], 'token') ~= ARGV[1] then return 'fenced' end
local at = 3
for _ = 1, tonumber(ARGV[2]) do
  redis.call('ZADD', KEYS[2], ARGV[at], ARGV[at + 1])
  at = at + 2
end
for i = 3, #KEYS do
  redis.call('SET', KEYS[i], ARGV[at], 'EX', ARGV[at + 1])
  at = at + 2
end
return 'stored'
