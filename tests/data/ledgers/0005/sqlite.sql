CREATE TABLE alarm (
	name VARCHAR NOT NULL, 
	since DATETIME NOT NULL, 
	detail TEXT NOT NULL, 
	PRIMARY KEY (name)
);
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
CREATE TABLE event (
	agenda INTEGER NOT NULL, 
	uid VARCHAR NOT NULL, 
	position INTEGER NOT NULL, 
	entry TEXT NOT NULL, 
	content_hash VARCHAR NOT NULL, 
	sequence INTEGER NOT NULL, 
	last_modified DATETIME NOT NULL, 
	cancelled_at DATETIME, 
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
	id INTEGER NOT NULL, 
	at DATETIME NOT NULL, 
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
	last_use DATETIME, 
	PRIMARY KEY (purpose, subject)
);
CREATE TABLE message (
	notice VARCHAR NOT NULL, 
	content BLOB NOT NULL, 
	stored DATETIME NOT NULL, 
	PRIMARY KEY (notice), 
	FOREIGN KEY(notice) REFERENCES notice ("key")
);
CREATE INDEX message_stored ON message (stored);
CREATE TABLE notice (
	"key" VARCHAR NOT NULL, 
	kind VARCHAR NOT NULL, 
	period VARCHAR NOT NULL, 
	unit VARCHAR NOT NULL, 
	due DATETIME NOT NULL, 
	useful_until DATETIME NOT NULL, 
	state VARCHAR, 
	reason VARCHAR NOT NULL, 
	course VARCHAR NOT NULL, 
	rehearsal BOOLEAN NOT NULL, 
	message_id VARCHAR, 
	as_of DATETIME, 
	sha256 VARCHAR, 
	attempts INTEGER NOT NULL, 
	created DATETIME NOT NULL, 
	updated DATETIME NOT NULL, 
	PRIMARY KEY ("key")
);
CREATE INDEX notice_period ON notice (kind, period);
CREATE INDEX notice_state ON notice (state);
CREATE INDEX notice_unit ON notice (unit, created);
CREATE TABLE occasion (
	"key" VARCHAR NOT NULL, 
	kind VARCHAR NOT NULL, 
	period VARCHAR NOT NULL, 
	due DATETIME NOT NULL, 
	planned_at DATETIME NOT NULL, 
	interim_at DATETIME, 
	reported_at DATETIME, made_from VARCHAR, 
	PRIMARY KEY ("key")
);
CREATE TABLE recipient (
	id INTEGER NOT NULL, 
	notice VARCHAR NOT NULL, 
	address VARCHAR NOT NULL, 
	state VARCHAR NOT NULL, 
	reason VARCHAR NOT NULL, 
	reply TEXT NOT NULL, 
	attempts INTEGER NOT NULL, 
	not_before DATETIME NOT NULL, 
	claim VARCHAR, 
	updated DATETIME NOT NULL, 
	PRIMARY KEY (id), 
	FOREIGN KEY(notice) REFERENCES notice ("key"), 
	UNIQUE (notice, address)
);
CREATE INDEX recipient_ready ON recipient (state, not_before);
CREATE TABLE relay (
	replica VARCHAR DEFAULT '' NOT NULL, 
	name VARCHAR NOT NULL, 
	failures INTEGER NOT NULL, 
	since DATETIME NOT NULL, 
	not_before DATETIME NOT NULL, 
	detail TEXT NOT NULL, 
	reason VARCHAR DEFAULT 'server' NOT NULL, 
	PRIMARY KEY (replica)
);
CREATE TABLE reminded (
	"key" VARCHAR NOT NULL, 
	task VARCHAR NOT NULL, 
	kind VARCHAR NOT NULL, 
	unit VARCHAR NOT NULL, 
	due VARCHAR NOT NULL, 
	step INTEGER NOT NULL, 
	PRIMARY KEY ("key", task)
);
CREATE INDEX reminded_step ON reminded (task, due, step);
CREATE TABLE sender (
	name VARCHAR NOT NULL, 
	replica VARCHAR NOT NULL, 
	until DATETIME NOT NULL, 
	facts VARCHAR NOT NULL, 
	since DATETIME NOT NULL, 
	PRIMARY KEY (name)
);
CREATE TABLE setting (
	name VARCHAR NOT NULL, 
	value TEXT NOT NULL, 
	PRIMARY KEY (name)
);
CREATE TABLE start (
	course VARCHAR NOT NULL, 
	at DATETIME NOT NULL, 
	held BOOLEAN NOT NULL, 
	PRIMARY KEY (course)
);
CREATE TABLE task_done (
	task VARCHAR NOT NULL, 
	period VARCHAR NOT NULL, 
	done_on VARCHAR NOT NULL, 
	note TEXT NOT NULL, 
	recorded DATETIME NOT NULL, 
	PRIMARY KEY (task, period)
);
