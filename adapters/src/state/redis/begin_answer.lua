-- Asks who answers. KEYS answer. ARGV mark of an answer underway, ms to hold it. Returns what stands there, or nil
-- for whoever may answer now.
local answer = redis.call('GET', KEYS[1])
if not answer then
  redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
end
return answer
