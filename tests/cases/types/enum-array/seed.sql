INSERT INTO holders VALUES (1);
INSERT INTO edges (id, v) VALUES
  (1, '{ok,sad}'),
  (2, '{}'),
  (3, NULL);
