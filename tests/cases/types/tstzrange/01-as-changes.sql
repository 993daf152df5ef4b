-- The same values again, as changes; then a key that changes, a value that another row takes over, and one that stays.
INSERT INTO edges (id, v) VALUES
  (101, '[2019-07-09 02:28:57.1+02,2019-07-10 00:00Z)'),
  (102, 'empty'),
  (103, '(,2019-07-10 00:00-08:30]'),
  (104, '(,)'),
  (105, '[-infinity,infinity)'),
  (106, '[0044-03-15 01:00Z BC,12345-01-01 00:00Z)'),
  (107, '(1890-01-01 00:00Z,1890-01-01 00:00Z]'),
  (108, NULL);
UPDATE edges SET id = 201 WHERE id = 101;
UPDATE edges SET v = (SELECT v FROM edges WHERE id = 1) WHERE id = 8;
UPDATE edges SET holder_id = NULL WHERE id = 1;
