-- The same values again, as changes; then a key that changes, a value that another row takes over, and one that stays.
INSERT INTO edges (id, v) VALUES
  (101, ROW(7, 12.50, '12 High St, "North" (rear) \\', true, '2017-09-15', '2019-07-09 02:28:57.1+02', 'sad')),
  (102, ROW(NULL, NULL, NULL, NULL, NULL, NULL, NULL)),
  (103, ROW(-1, 'NaN', '', false, '0044-03-15 BC', 'infinity', 'very sad')),
  (104, NULL);
UPDATE edges SET id = 201 WHERE id = 101;
UPDATE edges SET v = (SELECT v FROM edges WHERE id = 1) WHERE id = 4;
UPDATE edges SET holder_id = NULL WHERE id = 1;
