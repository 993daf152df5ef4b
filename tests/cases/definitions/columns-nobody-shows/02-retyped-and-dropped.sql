ALTER TABLE orders ALTER another TYPE text, DROP COLUMN more, ALTER title TYPE varchar(10);
INSERT INTO orders VALUES (3, 'thirteen', 'x');
