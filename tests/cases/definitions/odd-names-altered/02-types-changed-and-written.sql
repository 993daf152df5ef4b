BEGIN;
ALTER TABLE "User" ALTER "Total %" TYPE numeric(12, 4), ALTER "firstName" TYPE varchar(40), ALTER "two words" TYPE varchar(40), ALTER "select" TYPE varchar(40), ALTER "a ""quoted"" one" TYPE varchar(40), ALTER "naïve ß" TYPE varchar(40), ALTER "日本" TYPE varchar(40), ALTER "100%" TYPE varchar(40), ALTER "%s" TYPE varchar(40), ALTER "it's" TYPE varchar(40), ALTER "back\slash" TYPE varchar(40), ALTER "{0}" TYPE varchar(40), ALTER "$1" TYPE varchar(40), ALTER ":id" TYPE varchar(40), ALTER "a.b" TYPE varchar(40), ALTER "^" TYPE varchar(40), ALTER "rowid" TYPE varchar(40), ALTER "k0" TYPE varchar(40), ALTER "a name of the sixty-three letters that PostgreSQL keeps of a na" TYPE varchar(40);
UPDATE "User" SET "Total %" = 1.2345, "a name of the sixty-three letters that PostgreSQL keeps of a na" = $$changed$$ WHERE "userId" = 2;
COMMIT;
ALTER TABLE "Order Line" ALTER "order" TYPE text, ALTER "item Name" TYPE varchar(40);
UPDATE "Order Line" SET "order" = $$last$$ WHERE "userId" = 2;
