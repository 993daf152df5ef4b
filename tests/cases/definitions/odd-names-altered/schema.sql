CREATE TABLE "User" (
  "userId" int PRIMARY KEY,
  "firstName" text,
  "two words" text,
  "select" text,
  "a ""quoted"" one" text,
  "naïve ß" text,
  "日本" text,
  "100%" text,
  "%s" text,
  "it's" text,
  "back\slash" text,
  "{0}" text,
  "$1" text,
  ":id" text,
  "a.b" text,
  "^" text,
  "rowid" text,
  "k0" text,
  "a name of the sixty-three letters that PostgreSQL keeps of a na" text,
  "Total %" numeric(10, 2)
);
CREATE TABLE "Order Line" (
  "lineId" int, "userId" int REFERENCES "User", "item Name" text, "order" int,
  PRIMARY KEY ("userId", "lineId")
);
