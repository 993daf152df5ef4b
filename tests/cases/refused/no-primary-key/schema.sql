CREATE TABLE notes (order_id int, body text);
