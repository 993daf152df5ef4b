INSERT INTO holders VALUES (1);
INSERT INTO edges (id, v) VALUES
  (1, jsonb_build_object(repeat('k', 40000), 1)),
  (2, '{"a": 1}'),
  (3, NULL);
