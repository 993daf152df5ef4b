CREATE TABLE notes (order_id int, body text);
ALTER TABLE notes REPLICA IDENTITY FULL;
