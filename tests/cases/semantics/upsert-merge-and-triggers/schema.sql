CREATE TABLE orders (id int PRIMARY KEY, title text, total int NOT NULL DEFAULT 0, changes int NOT NULL DEFAULT 0);
CREATE TABLE lines (id int PRIMARY KEY, order_id int REFERENCES orders, amount int NOT NULL);
CREATE FUNCTION add_up() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE orders o SET total = (SELECT coalesce(sum(amount), 0) FROM lines l WHERE l.order_id = o.id), changes = changes + 1
  WHERE id IN (NEW.order_id, OLD.order_id);
  RETURN NULL;
END $$;
ALTER FUNCTION add_up SET search_path FROM CURRENT;
CREATE TRIGGER add_up AFTER INSERT OR UPDATE OR DELETE ON lines FOR EACH ROW EXECUTE FUNCTION add_up();
