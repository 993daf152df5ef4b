-- The same values again, as changes; then a key that changes, a value that another row takes over, and one that stays.
INSERT INTO edges (id, v) VALUES
  (101, '(1.5,-2e+20)'),
  (102, '(1e15,100000000000000)'),
  (103, '(0.00001,NaN)'),
  (104, '(-0,Infinity)'),
  (105, NULL);
UPDATE edges SET id = 201 WHERE id = 101;
UPDATE edges SET v = (SELECT v FROM edges WHERE id = 1) WHERE id = 5;
UPDATE edges SET holder_id = NULL WHERE id = 1;
