-- Writes fields and events under a claim, unless a newer claim exists. A missing session or an older claim is no
-- reason to refuse: the store may have forgotten, the call has not.
-- KEYS session, outbox. ARGV epoch, ms to keep a session, an ended one, the outbox; how many of the next are fields
-- and their values; the rest are events. Returns the fence, then the events' ids.
local stored = redis.call('HGET', KEYS[1], 'epoch')
if stored and tonumber(stored) > tonumber(ARGV[1]) then
  return { 'fenced' }
end
if not stored then
  redis.call('HSET', KEYS[1], 'status', 'reserved', 'resumes', 0)
end
local fields = tonumber(ARGV[5])
redis.call('HSET', KEYS[1], 'epoch', ARGV[1], unpack(ARGV, 6, 5 + fields))
local ended = redis.call('HGET', KEYS[1], 'status') == 'ended'
redis.call('PEXPIRE', KEYS[1], ended and ARGV[3] or ARGV[2])
local answer = { stored == ARGV[1] and 'held' or 'recreated' }
for i = 6 + fields, #ARGV do
  answer[#answer + 1] = redis.call('XADD', KEYS[2], '*', 'e', ARGV[i])
end
if #answer > 1 then
  redis.call('PEXPIRE', KEYS[2], ARGV[4])
end
return answer
