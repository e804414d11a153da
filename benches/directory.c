// The raw side of benches/directory: what a server does without a daemon before it, over sockets and bytes of its own.
//
// usage: directory PORT WHAT SECONDS SESSIONS USERS → `OPERATIONS MICROSECONDS`
// WHAT: search (one on a session that stays), bind (the same), login (what one login asks of a server: a search, a bind
// on a connection of its own, a search).

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static int port, users;
static const char *what;
static atomic_int over;
static atomic_long operations;

static void fail(const char *why) {
  fprintf(stderr, "directory.c: %s\n", why);
  exit(1);
}

// A message is written from its end, so that every length is known when its header is.
struct writer {
  unsigned char bytes[1024];
  size_t at;
};

static void put(struct writer *out, const void *bytes, size_t length) {
  if (length > out->at) fail("a message is too long");
  out->at -= length;
  memcpy(out->bytes + out->at, bytes, length);
}

static void header(struct writer *out, unsigned char tag, size_t end) {
  size_t length = end - out->at;
  unsigned char head[] = {tag, 0x82, (unsigned char)(length >> 8), (unsigned char)length};
  put(out, head, sizeof head);
}

static void text(struct writer *out, unsigned char tag, const char *value) {
  size_t end = out->at;
  put(out, value, strlen(value));
  header(out, tag, end);
}

static void number(struct writer *out, unsigned char tag, unsigned char value) {
  unsigned char bytes[] = {tag, 1, value};
  put(out, bytes, sizeof bytes);
}

static void is(struct writer *out, const char *attribute, const char *value) {
  size_t end = out->at;
  text(out, 0x04, value);
  text(out, 0x04, attribute);
  header(out, 0xa3, end);
}

// (&(objectClass=inetOrgPerson)(|(uid=…)(mail=…))), with the attributes that a profile is made of.
static void search(struct writer *out, const char *mail) {
  static const char *const attributes[] = {"pwdReset", "pwdAccountLockedTime", "createTimestamp", "sn", "givenName",
                                           "cn",       "uid",                  "mail",            "entryUUID"};
  size_t end = out->at = sizeof out->bytes, inner;
  for (size_t i = 0; i < sizeof attributes / sizeof *attributes; i++) text(out, 0x04, attributes[i]);
  header(out, 0x30, end);
  inner = out->at;
  is(out, "mail", mail);
  is(out, "uid", mail);
  header(out, 0xa1, inner);
  is(out, "objectClass", "inetOrgPerson");
  header(out, 0xa0, inner);
  number(out, 0x01, 0);
  number(out, 0x02, 3);
  number(out, 0x02, 9);
  number(out, 0x0a, 0);
  number(out, 0x0a, 2);
  text(out, 0x04, "ou=people,dc=bench");
  header(out, 0x63, end);
  number(out, 0x02, 1);
  header(out, 0x30, end);
}

static void bind_as(struct writer *out, const char *dn, const char *password) {
  size_t end = out->at = sizeof out->bytes;
  text(out, 0x80, password);
  text(out, 0x04, dn);
  number(out, 0x02, 3);
  header(out, 0x60, end);
  number(out, 0x02, 1);
  header(out, 0x30, end);
}

static void receive(int session, unsigned char *into, size_t length) {
  for (size_t done = 0; done < length;) {
    ssize_t got = read(session, into + done, length - done);
    if (got <= 0) fail("the server closed the session");
    done += (size_t)got;
  }
}

// Sends a request and reads messages until one ends it; that must be a success.
static void ask(int session, const struct writer *request) {
  unsigned char content[8192];
  size_t length = sizeof request->bytes - request->at;
  if (write(session, request->bytes + request->at, length) != (ssize_t)length) fail("a request was not sent");
  for (;;) {
    unsigned char head[2];
    receive(session, head, 2);
    size_t size = head[1];
    if (size & 0x80) {
      unsigned char digits[4];
      receive(session, digits, size & 0x7f);
      size_t count = size & 0x7f;
      size = 0;
      for (size_t i = 0; i < count; i++) size = size << 8 | digits[i];
    }
    if (size > sizeof content) fail("an answer is too long");
    receive(session, content, size);
    // The number of the message, then the operation: 0x64 is an entry, others end the request.
    if (content[3] == 0x64) continue;
    size_t result = content[4] & 0x80 ? 5 + (content[4] & 0x7f) : 5;
    if (content[result + 2] != 0) fail("a request failed");
    return;
  }
}

static int connected(void) {
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((unsigned short)port)};
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  int session = socket(AF_INET, SOCK_STREAM, 0), on = 1;
  setsockopt(session, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (session < 0 || connect(session, (struct sockaddr *)&to, sizeof to) != 0) fail("no connection");
  return session;
}

static void *worker(void *seed) {
  unsigned random = (unsigned)(size_t)seed;
  struct writer request;
  int session = connected();
  bind_as(&request, "cn=idstore,dc=bench", "bench");
  ask(session, &request);
  while (!over) {
    int user = rand_r(&random) % users + 1;
    char dn[64], mail[64], password[32];
    snprintf(dn, sizeof dn, "uid=user%d,ou=people,dc=bench", user);
    snprintf(mail, sizeof mail, "user%d@example.test", user);
    snprintf(password, sizeof password, "password%d", user);
    if (*what != 'b') {
      search(&request, mail);
      ask(session, &request);
    }
    if (*what != 's') {
      int own = *what == 'l' ? connected() : session;
      bind_as(&request, dn, password);
      ask(own, &request);
      if (own != session) {
        static const unsigned char goodbye[] = {0x30, 5, 2, 1, 2, 0x42, 0};
        if (write(own, goodbye, sizeof goodbye) < 0) fail("no goodbye");
        close(own);
        search(&request, mail);
        ask(session, &request);
      }
    }
    operations++;
  }
  close(session);
  return NULL;
}

int main(int count, char **arguments) {
  if (count != 6) fail("usage: directory PORT search|bind|login SECONDS SESSIONS USERS");
  port = atoi(arguments[1]), what = arguments[2], users = atoi(arguments[5]);
  int seconds = atoi(arguments[3]), sessions = atoi(arguments[4]);
  pthread_t *threads = calloc((size_t)sessions, sizeof *threads);
  struct timespec from, to;
  clock_gettime(CLOCK_MONOTONIC, &from);
  for (int i = 0; i < sessions; i++)
    if (pthread_create(&threads[i], NULL, worker, (void *)(size_t)(i + 1)) != 0) fail("no thread");
  sleep((unsigned)seconds);
  over = 1;
  for (int i = 0; i < sessions; i++) pthread_join(threads[i], NULL);
  clock_gettime(CLOCK_MONOTONIC, &to);
  printf("%ld %ld\n", operations, (to.tv_sec - from.tv_sec) * 1000000 + (to.tv_nsec - from.tv_nsec) / 1000);
}
