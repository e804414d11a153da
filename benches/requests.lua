-- Posts of one action with random users; the action and the token come from the command line.
local action, token, users = nil, nil, 100000
function init(args)
  action, token = args[1], args[2]
  math.randomseed(os.time())
  wrk.method = "POST"
  wrk.headers["Authorization"] = "Bearer " .. token
  wrk.headers["Content-Type"] = "application/json"
end
function request()
  local n = math.random(users)
  local body
  if action == "login" then
    body = string.format('{"identifier": "user%d@example.test", "password": "password%d"}', n, n)
  elseif action == "get_user_by_email" then
    body = string.format('{"email": "user%d@example.test"}', n)
  else
    body = string.format('{"user_id": "%d"}', n)
  end
  return wrk.format(nil, "/v1/bench/" .. (action == "login" and "login" or "get_user"), nil, body)
end
function done(summary)
  local failed = summary.errors.status + summary.errors.connect + summary.errors.read + summary.errors.timeout
  io.write(string.format("RESULT %d %d %d\n", summary.requests, summary.duration, failed))
end
