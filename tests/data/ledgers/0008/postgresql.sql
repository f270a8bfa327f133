CREATE TABLE alarm (
    name character varying NOT NULL,
    since timestamp with time zone NOT NULL,
    detail text NOT NULL
);
CREATE TABLE alembic_version (
    version_num character varying(32) NOT NULL
);
CREATE TABLE attempt (
    source character varying NOT NULL,
    failures integer NOT NULL,
    last timestamp with time zone NOT NULL,
    not_before timestamp with time zone NOT NULL
);
CREATE TABLE event (
    feed character varying NOT NULL,
    uid character varying NOT NULL,
    "position" integer NOT NULL,
    entry text NOT NULL,
    content_hash character varying NOT NULL,
    sequence integer NOT NULL,
    last_modified timestamp with time zone NOT NULL,
    cancelled_at timestamp with time zone
);
CREATE TABLE feed (
    name character varying NOT NULL,
    input_hash character varying NOT NULL,
    changed timestamp with time zone NOT NULL
);
CREATE TABLE history (
    id integer NOT NULL,
    at timestamp with time zone NOT NULL,
    subject character varying NOT NULL,
    address character varying,
    state character varying NOT NULL,
    reason character varying NOT NULL,
    detail text NOT NULL
);
CREATE SEQUENCE history_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE history_id_seq OWNED BY history.id;
CREATE TABLE lease (
    name character varying NOT NULL,
    replica character varying NOT NULL,
    until timestamp with time zone NOT NULL,
    config_hash character varying NOT NULL,
    since timestamp with time zone NOT NULL
);
CREATE TABLE link (
    purpose character varying NOT NULL,
    subject character varying NOT NULL,
    generation integer NOT NULL,
    revoked boolean NOT NULL,
    last_use timestamp with time zone,
    label text DEFAULT ''::text NOT NULL,
    created timestamp with time zone
);
CREATE TABLE meeting_date (
    meeting character varying NOT NULL,
    day character varying NOT NULL,
    recorded timestamp with time zone NOT NULL
);
CREATE TABLE message (
    notice character varying NOT NULL,
    content bytea NOT NULL,
    stored timestamp with time zone NOT NULL
);
CREATE TABLE notice (
    key character varying NOT NULL,
    kind character varying NOT NULL,
    period character varying NOT NULL,
    unit character varying NOT NULL,
    due timestamp with time zone NOT NULL,
    useful_until timestamp with time zone NOT NULL,
    state character varying,
    reason character varying NOT NULL,
    stream character varying NOT NULL,
    rehearsal boolean NOT NULL,
    message_id character varying,
    as_of timestamp with time zone,
    sha256 character varying,
    approved character varying,
    attempts integer NOT NULL,
    created timestamp with time zone NOT NULL,
    updated timestamp with time zone NOT NULL
);
CREATE TABLE occasion (
    key character varying NOT NULL,
    kind character varying NOT NULL,
    period character varying NOT NULL,
    due timestamp with time zone NOT NULL,
    planned_at timestamp with time zone NOT NULL,
    interim_at timestamp with time zone,
    reported_at timestamp with time zone,
    input_hash character varying
);
CREATE TABLE recipient (
    id integer NOT NULL,
    notice character varying NOT NULL,
    address character varying NOT NULL,
    state character varying NOT NULL,
    reason character varying NOT NULL,
    reply text NOT NULL,
    attempts integer NOT NULL,
    not_before timestamp with time zone NOT NULL,
    claim character varying,
    updated timestamp with time zone NOT NULL
);
CREATE SEQUENCE recipient_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE recipient_id_seq OWNED BY recipient.id;
CREATE TABLE registration (
    id integer NOT NULL,
    at timestamp with time zone NOT NULL,
    act character varying NOT NULL,
    unit character varying NOT NULL,
    period character varying NOT NULL,
    task character varying NOT NULL,
    done_on character varying NOT NULL,
    percent integer,
    message text NOT NULL,
    who text NOT NULL,
    link character varying NOT NULL
);
CREATE SEQUENCE registration_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE registration_id_seq OWNED BY registration.id;
CREATE TABLE reminded (
    key character varying NOT NULL,
    task character varying NOT NULL,
    kind character varying NOT NULL,
    unit character varying NOT NULL,
    due character varying NOT NULL,
    step integer NOT NULL
);
CREATE TABLE server_trouble (
    replica character varying DEFAULT ''::character varying NOT NULL,
    server character varying NOT NULL,
    failures integer NOT NULL,
    since timestamp with time zone NOT NULL,
    not_before timestamp with time zone NOT NULL,
    detail text NOT NULL,
    reason character varying DEFAULT 'server'::character varying NOT NULL
);
CREATE TABLE session (
    name character varying NOT NULL,
    begun timestamp with time zone NOT NULL,
    seen timestamp with time zone NOT NULL
);
CREATE TABLE setting (
    name character varying NOT NULL,
    value text NOT NULL
);
CREATE TABLE start (
    stream character varying NOT NULL,
    at timestamp with time zone NOT NULL,
    held boolean NOT NULL
);
CREATE TABLE task_done (
    task character varying NOT NULL,
    period character varying NOT NULL,
    done_on character varying NOT NULL,
    note text NOT NULL,
    recorded timestamp with time zone NOT NULL
);
ALTER TABLE ONLY history ALTER COLUMN id SET DEFAULT nextval('history_id_seq'::regclass);
ALTER TABLE ONLY recipient ALTER COLUMN id SET DEFAULT nextval('recipient_id_seq'::regclass);
ALTER TABLE ONLY registration ALTER COLUMN id SET DEFAULT nextval('registration_id_seq'::regclass);
ALTER TABLE ONLY alarm
    ADD CONSTRAINT alarm_pkey PRIMARY KEY (name);
ALTER TABLE ONLY alembic_version
    ADD CONSTRAINT alembic_version_pkey PRIMARY KEY (version_num);
ALTER TABLE ONLY attempt
    ADD CONSTRAINT attempt_pkey PRIMARY KEY (source);
ALTER TABLE ONLY event
    ADD CONSTRAINT event_pkey PRIMARY KEY (feed, uid);
ALTER TABLE ONLY feed
    ADD CONSTRAINT feed_pkey PRIMARY KEY (name);
ALTER TABLE ONLY history
    ADD CONSTRAINT history_pkey PRIMARY KEY (id);
ALTER TABLE ONLY lease
    ADD CONSTRAINT lease_pkey PRIMARY KEY (name);
ALTER TABLE ONLY link
    ADD CONSTRAINT link_pkey PRIMARY KEY (purpose, subject);
ALTER TABLE ONLY meeting_date
    ADD CONSTRAINT meeting_date_pkey PRIMARY KEY (meeting);
ALTER TABLE ONLY message
    ADD CONSTRAINT message_pkey PRIMARY KEY (notice);
ALTER TABLE ONLY notice
    ADD CONSTRAINT notice_pkey PRIMARY KEY (key);
ALTER TABLE ONLY occasion
    ADD CONSTRAINT occasion_pkey PRIMARY KEY (key);
ALTER TABLE ONLY recipient
    ADD CONSTRAINT recipient_notice_address_key UNIQUE (notice, address);
ALTER TABLE ONLY recipient
    ADD CONSTRAINT recipient_pkey PRIMARY KEY (id);
ALTER TABLE ONLY registration
    ADD CONSTRAINT registration_pkey PRIMARY KEY (id);
ALTER TABLE ONLY reminded
    ADD CONSTRAINT reminded_pkey PRIMARY KEY (key, task);
ALTER TABLE ONLY server_trouble
    ADD CONSTRAINT server_trouble_pkey PRIMARY KEY (replica);
ALTER TABLE ONLY session
    ADD CONSTRAINT session_pkey PRIMARY KEY (name);
ALTER TABLE ONLY setting
    ADD CONSTRAINT setting_pkey PRIMARY KEY (name);
ALTER TABLE ONLY start
    ADD CONSTRAINT start_pkey PRIMARY KEY (stream);
ALTER TABLE ONLY task_done
    ADD CONSTRAINT task_done_pkey PRIMARY KEY (task, period);
CREATE INDEX event_cancelled ON event USING btree (cancelled_at);
CREATE INDEX history_subject ON history USING btree (subject);
CREATE INDEX message_stored ON message USING btree (stored);
CREATE INDEX notice_created ON notice USING btree (created, key);
CREATE INDEX notice_period ON notice USING btree (kind, period);
CREATE INDEX notice_state ON notice USING btree (state);
CREATE INDEX notice_unit ON notice USING btree (unit, created);
CREATE INDEX recipient_ready ON recipient USING btree (state, not_before);
CREATE INDEX registration_act ON registration USING btree (act, period, unit);
CREATE INDEX registration_task ON registration USING btree (task, unit);
CREATE INDEX registration_unit ON registration USING btree (unit, at);
CREATE INDEX reminded_step ON reminded USING btree (task, due, step);
ALTER TABLE ONLY message
    ADD CONSTRAINT message_notice_fkey FOREIGN KEY (notice) REFERENCES notice(key);
ALTER TABLE ONLY recipient
    ADD CONSTRAINT recipient_notice_fkey FOREIGN KEY (notice) REFERENCES notice(key);
