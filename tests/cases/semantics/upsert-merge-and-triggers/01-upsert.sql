INSERT INTO orders (id, title) VALUES (1, 'uno'), (3, 'tre') ON CONFLICT (id) DO UPDATE SET title = excluded.title;
INSERT INTO orders (id, title) VALUES (1, 'nobody'), (4, 'four') ON CONFLICT DO NOTHING;
