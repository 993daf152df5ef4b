CREATE EXTENSION IF NOT EXISTS btree_gist SCHEMA public;
CREATE TABLE rooms (id int PRIMARY KEY, name text);
CREATE TABLE bookings (room_id int REFERENCES rooms, during daterange, guest text, PRIMARY KEY (room_id, during WITHOUT OVERLAPS));
ALTER TABLE bookings ADD COLUMN starts date GENERATED ALWAYS AS (lower("during")) STORED NOT NULL;
CREATE UNIQUE INDEX bookings_by_start ON bookings (room_id, starts);
ALTER TABLE bookings REPLICA IDENTITY USING INDEX bookings_by_start;
