-- Renews a lease for the start that holds it. Only commands that a full Redis still takes.
-- KEYS lease, names. ARGV boot, ms of the lease, ms to keep the names. Returns whether it was held.
if redis.call('HGET', KEYS[1], 'boot') ~= ARGV[1] then
  return 0
end
redis.call('PEXPIRE', KEYS[2], ARGV[3])
return redis.call('PEXPIRE', KEYS[1], ARGV[2])
