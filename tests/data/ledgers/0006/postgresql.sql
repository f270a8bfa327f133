CREATE TABLE alarm (
  name VARCHAR NOT NULL,
  since TIMESTAMP WITH TIME ZONE NOT NULL,
  detail TEXT NOT NULL,
  PRIMARY KEY (name)
);
CREATE TABLE attempt (
  source VARCHAR NOT NULL,
  failures INTEGER NOT NULL,
  last TIMESTAMP WITH TIME ZONE NOT NULL,
  not_before TIMESTAMP WITH TIME ZONE NOT NULL,
  PRIMARY KEY (source)
);
CREATE TABLE event (
  agenda INTEGER NOT NULL,
  uid VARCHAR NOT NULL,
  position INTEGER NOT NULL,
  entry TEXT NOT NULL,
  content_hash VARCHAR NOT NULL,
  sequence INTEGER NOT NULL,
  last_modified TIMESTAMP WITH TIME ZONE NOT NULL,
  cancelled_at TIMESTAMP WITH TIME ZONE,
  PRIMARY KEY (agenda, uid)
);
CREATE INDEX event_cancelled ON event (cancelled_at);
CREATE TABLE feed (
  name VARCHAR NOT NULL,
  agenda INTEGER NOT NULL,
  PRIMARY KEY (name)
);
CREATE INDEX feed_agenda ON feed (agenda, name);
CREATE TABLE history (
  id SERIAL NOT NULL,
  at TIMESTAMP WITH TIME ZONE NOT NULL,
  subject VARCHAR NOT NULL,
  address VARCHAR,
  state VARCHAR NOT NULL,
  reason VARCHAR NOT NULL,
  detail TEXT NOT NULL,
  PRIMARY KEY (id)
);
CREATE INDEX history_subject ON history (subject);
CREATE TABLE link (
  purpose VARCHAR NOT NULL,
  subject VARCHAR NOT NULL,
  generation INTEGER NOT NULL,
  revoked BOOLEAN NOT NULL,
  last_use TIMESTAMP WITH TIME ZONE,
  label TEXT DEFAULT '' NOT NULL,
  created TIMESTAMP WITH TIME ZONE,
  PRIMARY KEY (purpose, subject)
);
CREATE TABLE meeting_date (
  meeting VARCHAR NOT NULL,
  day VARCHAR NOT NULL,
  recorded TIMESTAMP WITH TIME ZONE NOT NULL,
  PRIMARY KEY (meeting)
);
CREATE TABLE notice (
  key VARCHAR NOT NULL,
  kind VARCHAR NOT NULL,
  period VARCHAR NOT NULL,
  unit VARCHAR NOT NULL,
  due TIMESTAMP WITH TIME ZONE NOT NULL,
  useful_until TIMESTAMP WITH TIME ZONE NOT NULL,
  state VARCHAR,
  reason VARCHAR NOT NULL,
  course VARCHAR NOT NULL,
  rehearsal BOOLEAN NOT NULL,
  message_id VARCHAR,
  as_of TIMESTAMP WITH TIME ZONE,
  sha256 VARCHAR,
  approved VARCHAR,
  attempts INTEGER NOT NULL,
  created TIMESTAMP WITH TIME ZONE NOT NULL,
  updated TIMESTAMP WITH TIME ZONE NOT NULL,
  PRIMARY KEY (key)
);
CREATE INDEX notice_created ON notice (created, key);
CREATE INDEX notice_period ON notice (kind, period);
CREATE INDEX notice_state ON notice (state);
CREATE INDEX notice_unit ON notice (unit, created);
CREATE TABLE occasion (
  key VARCHAR NOT NULL,
  kind VARCHAR NOT NULL,
  period VARCHAR NOT NULL,
  due TIMESTAMP WITH TIME ZONE NOT NULL,
  planned_at TIMESTAMP WITH TIME ZONE NOT NULL,
  interim_at TIMESTAMP WITH TIME ZONE,
  reported_at TIMESTAMP WITH TIME ZONE,
  made_from VARCHAR,
  PRIMARY KEY (key)
);
CREATE TABLE registration (
  id SERIAL NOT NULL,
  at TIMESTAMP WITH TIME ZONE NOT NULL,
  act VARCHAR NOT NULL,
  unit VARCHAR NOT NULL,
  period VARCHAR NOT NULL,
  task VARCHAR NOT NULL,
  done_on VARCHAR NOT NULL,
  percent INTEGER,
  words TEXT NOT NULL,
  who TEXT NOT NULL,
  link VARCHAR NOT NULL,
  PRIMARY KEY (id)
);
CREATE INDEX registration_act ON registration (act, period, unit);
CREATE INDEX registration_task ON registration (task, unit);
CREATE INDEX registration_unit ON registration (unit, at);
CREATE TABLE relay (
  replica VARCHAR DEFAULT '' NOT NULL,
  name VARCHAR NOT NULL,
  failures INTEGER NOT NULL,
  since TIMESTAMP WITH TIME ZONE NOT NULL,
  not_before TIMESTAMP WITH TIME ZONE NOT NULL,
  detail TEXT NOT NULL,
  reason VARCHAR DEFAULT 'server' NOT NULL,
  PRIMARY KEY (replica)
);
CREATE TABLE reminded (
  key VARCHAR NOT NULL,
  task VARCHAR NOT NULL,
  kind VARCHAR NOT NULL,
  unit VARCHAR NOT NULL,
  due VARCHAR NOT NULL,
  step INTEGER NOT NULL,
  PRIMARY KEY (key, task)
);
CREATE INDEX reminded_step ON reminded (task, due, step);
CREATE TABLE sender (
  name VARCHAR NOT NULL,
  replica VARCHAR NOT NULL,
  until TIMESTAMP WITH TIME ZONE NOT NULL,
  facts VARCHAR NOT NULL,
  since TIMESTAMP WITH TIME ZONE NOT NULL,
  PRIMARY KEY (name)
);
CREATE TABLE session (
  name VARCHAR NOT NULL,
  begun TIMESTAMP WITH TIME ZONE NOT NULL,
  seen TIMESTAMP WITH TIME ZONE NOT NULL,
  PRIMARY KEY (name)
);
CREATE TABLE setting (
  name VARCHAR NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (name)
);
CREATE TABLE start (
  course VARCHAR NOT NULL,
  at TIMESTAMP WITH TIME ZONE NOT NULL,
  held BOOLEAN NOT NULL,
  PRIMARY KEY (course)
);
CREATE TABLE task_done (
  task VARCHAR NOT NULL,
  period VARCHAR NOT NULL,
  done_on VARCHAR NOT NULL,
  note TEXT NOT NULL,
  recorded TIMESTAMP WITH TIME ZONE NOT NULL,
  PRIMARY KEY (task, period)
);
CREATE TABLE message (
  notice VARCHAR NOT NULL,
  content BYTEA NOT NULL,
  stored TIMESTAMP WITH TIME ZONE NOT NULL,
  PRIMARY KEY (notice),
  FOREIGN KEY(notice) REFERENCES notice (key)
);
CREATE INDEX message_stored ON message (stored);
CREATE TABLE recipient (
  id SERIAL NOT NULL,
  notice VARCHAR NOT NULL,
  address VARCHAR NOT NULL,
  state VARCHAR NOT NULL,
  reason VARCHAR NOT NULL,
  reply TEXT NOT NULL,
  attempts INTEGER NOT NULL,
  not_before TIMESTAMP WITH TIME ZONE NOT NULL,
  claim VARCHAR,
  updated TIMESTAMP WITH TIME ZONE NOT NULL,
  PRIMARY KEY (id),
  UNIQUE (notice, address),
  FOREIGN KEY(notice) REFERENCES notice (key)
);
CREATE INDEX recipient_ready ON recipient (state, not_before);
CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY);
