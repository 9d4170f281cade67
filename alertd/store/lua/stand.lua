-- Says which rules of the files are in force, for all processes at once.
-- KEYS: 1 generation, 2 standing, 3 renamed
-- ARGV: 1 generation whose rules these are, 2 the version that was read ("" for none), 3 the new version, 4 number of
--       rules, then name and mark of each, then former name and name of each that was renamed
-- Returns "stood", "changed" (another process was faster: read again) or "other" (another generation is in force).
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 'other' end
if (redis.call('HGET', KEYS[2], '') or '') ~= ARGV[2] then return 'changed' end
redis.call('DEL', KEYS[2], KEYS[3])
redis.call('HSET', KEYS[2], '', ARGV[3])
local renamed = 5 + 2 * tonumber(ARGV[4])
for i = 5, renamed - 1, 2 do redis.call('HSET', KEYS[2], ARGV[i], ARGV[i + 1]) end
for i = renamed, #ARGV, 2 do redis.call('HSET', KEYS[3], ARGV[i], ARGV[i + 1]) end
return 'stood'
