BEGIN TRANSACTION;
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0006');
CREATE TABLE "attempt" (
	delivery_id INTEGER NOT NULL, 
	number INTEGER NOT NULL, 
	at DATETIME NOT NULL, 
	relay VARCHAR(255) NOT NULL, 
	outcome VARCHAR(16) NOT NULL, 
	stage VARCHAR(16) NOT NULL, 
	reply_code INTEGER, 
	enhanced_code VARCHAR(16), 
	reply_text TEXT NOT NULL, 
	milliseconds INTEGER NOT NULL, 
	CONSTRAINT pk_attempt PRIMARY KEY (delivery_id, number)
)
 WITHOUT ROWID

;
INSERT INTO "attempt" VALUES(1,1,'2026-11-28 04:48:50.743871','127.0.0.1:43831','sent','body',250,'2.0.0','2.0.0 Ok: queued as 4F1A2B3C',2);
INSERT INTO "attempt" VALUES(2,1,'2026-11-28 04:48:50.743932','127.0.0.1:43831','sent','body',250,'2.0.0','2.0.0 Ok: queued as 4F1A2B3C',1);
INSERT INTO "attempt" VALUES(3,1,'2026-11-28 04:48:50.744410','127.0.0.1:43831','uncertain','body',NULL,NULL,'the relay closed the connection',1);
INSERT INTO "attempt" VALUES(4,1,'2026-11-28 04:48:50.800368','127.0.0.1:43831','deferred','rcpt',451,'4.7.1','4.7.1 greylisted, come back later',0);
INSERT INTO "attempt" VALUES(5,1,'2026-11-28 04:48:50.800734','127.0.0.1:43831','failed','rcpt',550,'5.1.1','5.1.1 no such user',0);
INSERT INTO "attempt" VALUES(6,1,'2026-11-28 04:48:50.801478','127.0.0.1:43831','sent','body',250,'2.0.0','2.0.0 Ok: queued as 4F1A2B3C',0);
INSERT INTO "attempt" VALUES(15,1,'2026-11-28 04:48:50.795462','127.0.0.1:43831','sent','body',250,'2.0.0','2.0.0 Ok: queued as 4F1A2B3C',5);
INSERT INTO "attempt" VALUES(16,1,'2026-11-28 04:48:50.799865','127.0.0.1:43831','sent','body',250,'2.0.0','2.0.0 Ok: queued as 4F1A2B3C',7);
CREATE TABLE attribute (
	name VARCHAR(64) NOT NULL, 
	type VARCHAR(16) NOT NULL, 
	label VARCHAR(200) NOT NULL, 
	CONSTRAINT pk_attribute PRIMARY KEY (name)
);
CREATE TABLE "batch" (
	id INTEGER NOT NULL, 
	campaign_id INTEGER NOT NULL, 
	number INTEGER NOT NULL, 
	due_at DATETIME NOT NULL, 
	lease BIGINT, 
	lease_until DATETIME, 
	takings INTEGER NOT NULL, 
	pending INTEGER NOT NULL, 
	sending INTEGER NOT NULL, 
	sent INTEGER NOT NULL, 
	failed INTEGER NOT NULL, 
	skipped INTEGER NOT NULL, 
	uncertain INTEGER NOT NULL, 
	list_id INTEGER NOT NULL, 
	provider VARCHAR(32) NOT NULL, 
	CONSTRAINT pk_batch PRIMARY KEY (id), 
	CONSTRAINT fk_batch_campaign_id_campaign FOREIGN KEY(campaign_id) REFERENCES campaign (id), 
	CONSTRAINT uq_batch_campaign_id_number UNIQUE (campaign_id, number), 
	CONSTRAINT fk_batch_list_id_list FOREIGN KEY(list_id) REFERENCES list (id)
);
INSERT INTO "batch" VALUES(1,1,1,'2026-11-28 04:48:55.941000',NULL,NULL,0,1,0,2,0,0,0,1,'lent');
INSERT INTO "batch" VALUES(2,1,2,'2026-11-28 04:53:29.456315',NULL,NULL,0,1,0,3,1,0,1,1,'other');
INSERT INTO "batch" VALUES(3,1,3,'2026-11-27 04:48:49.678761',1893122749031186984,'2026-11-28 04:49:20.651000',1,0,6,0,0,0,0,1,'other');
CREATE TABLE campaign (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	number INTEGER NOT NULL, 
	title TEXT NOT NULL, 
	subject TEXT NOT NULL, 
	language VARCHAR(8) NOT NULL, 
	state VARCHAR(16) NOT NULL, 
	reason JSON, 
	audience VARCHAR(16) NOT NULL, 
	segment TEXT NOT NULL, 
	rule TEXT NOT NULL, 
	frozen TEXT NOT NULL, 
	letter_hash VARCHAR(64) NOT NULL, 
	frozen_hash VARCHAR(64) NOT NULL, 
	approved_hash VARCHAR(64), 
	approved_by VARCHAR(200), 
	approved_at DATETIME, 
	token_key VARCHAR(2) NOT NULL, 
	retry_delays JSON NOT NULL, 
	excluded JSON NOT NULL, 
	created_at DATETIME NOT NULL, 
	prepared_at DATETIME, 
	started_at DATETIME, 
	finished_at DATETIME
, resend_uncertain BOOLEAN DEFAULT 0 NOT NULL, created_by VARCHAR(200), scheduled_at DATETIME, scheduled_zone VARCHAR(64), quiet_hours VARCHAR(11), quiet_zone VARCHAR(64), not_after DATETIME, not_after_zone VARCHAR(64));
INSERT INTO "campaign" VALUES(1,294,'Une séance','Lettre n° 294 : une séance','fr','running',NULL,'first','','','{"form":1,"identity":{"address":"1 place du Marché, 44000","committee":"Comité régional d’essai","email":"contact@example.org","phone":"02 00 00 00 00","public_url":"http://127.0.0.1:8080","reply_to":"","sender":"contact@example.org"},"letter":{"body":"\n# Une séance\n\nBonjour {{ subscriber.first_name or \"camarade\" }},\n\nVoici la lettre.\n","date":"2026-11-24","images":{},"language":"fr","line":8,"number":294,"preheader":"Ce qui a été dit et voté pendant la séance plénière de novembre","reply_to":null,"sender":null,"source":"lettre-294.md","subject":"Lettre n° 294 : une séance","theme":"lettre","title":"Une séance"},"theme":{"files":{"inlined.css":"body, table.page {\n  margin: 0; padding: 0; width: 100%; background-color: #f3f1ec; color: #23211f;\n  -webkit-text-size-adjust: 100%; -ms-text-size-adjust: 100%;\n}\n.preheader {\n  display: none; max-height: 0; max-width: 0; overflow: hidden; opacity: 0;\n  font-size: 1px; line-height: 1px; color: #f3f1ec; mso-hide: all;\n}\ntd.around { padding: 8px 12px 32px; }\ntable.column { width: 100%; max-width: 600px; margin: 0 auto; }\n\ntd.online { padding: 4px 4px 10px; font: 14px/1.5 -apple-system, \"Segoe UI\", Roboto, Helvetica, Arial, sans-serif; }\na.quiet { color: #6b645c; text-decoration: underline; }\n\ntd.masthead {\n  padding: 26px 32px 20px; background-color: #ffffff; border-top: 5px solid #9c2b3c;\n  border-bottom: 1px solid #e6e1d8; font-family: -apple-system, \"Segoe UI\", Roboto, Helvetica, Arial, sans-serif;\n}\ntd.masthead p { margin: 0; }\ntd.masthead td.committee { padding: 0 16px 0 0; text-align: left; }\np.committee { font-weight: bold; }\ntd.masthead p.committee { font-size: 18px; line-height: 1.3; color: #23211f; }\ntd.masthead p.date { padding-top: 4px; font-size: 15px; line-height: 1.4; color: #6b645c; }\ntd.masthead p.number { color: #9c2b3c; white-space: nowrap; }\ntd.masthead .label { font-size: 14px; line-height: 1; }\ntd.masthead .figure { font-family: Georgia, \"Times New Roman\", serif; font-size: 40px; line-height: 1; }\n\ntd.content {\n  padding: 32px 32px 36px; background-color: #ffffff; color: #23211f; text-align: left;\n  font-family: Georgia, \"Times New Roman\", serif; font-size: 17px; line-height: 1.6;\n  word-wrap: break-word; overflow-wrap: break-word;\n}\ntd.content h1 { margin: 0 0 22px; font-size: 31px; line-height: 1.22; font-weight: bold; color: #23211f; }\ntd.content h2 { margin: 38px 0 12px; font-size: 23px; line-height: 1.3; font-weight: bold; color: #9c2b3c; }\ntd.content h3 { margin: 28px 0 8px; font-size: 19px; line-height: 1.35; font-weight: bold; color: #23211f; }\ntd.content h4, td.content h5, td.content h6 { margin: 24px 0 6px; font-size: 17px; line-height: 1.4; font-weight: bold; }\ntd.content p { margin: 0 0 18px; }\ntd.content p.lead { font-size: 20px; line-height: 1.5; color: #4a4641; }\ntd.content p.caption {\n  margin: -14px 0 24px; font-family: -apple-system, \"Segoe UI\", Roboto, Helvetica, Arial, sans-serif;\n  font-size: 15px; line-height: 1.45; color: #6b645c;\n}\ntd.content ul, td.content ol { margin: 0 0 18px; padding: 0 0 0 26px; }\ntd.content li { margin: 0 0 8px; }\ntd.content li p { margin: 0 0 8px; }\ntd.content a { color: #9c2b3c; text-decoration: underline; }\ntd.content img {\n  display: block; border: 0; margin: 26px 0; color: #6b645c;\n  font-family: -apple-system, \"Segoe UI\", Roboto, Helvetica, Arial, sans-serif; font-size: 15px; line-height: 1.4;\n}\ntd.content hr { margin: 32px 0; border: 0; border-top: 1px solid #e6e1d8; height: 0; }\ntd.content blockquote { margin: 28px 0; padding: 0; }\ntd.content td.quote { padding: 4px 0 4px 22px; border-left: 4px solid #9c2b3c; font-size: 19px; line-height: 1.55; color: #4a4641; }\ntd.content td.quote p { margin: 0 0 10px; }\ntd.content code, td.content kbd, td.content samp { font-family: Consolas, Menlo, monospace; font-size: 15px; }\ntd.content pre { margin: 0 0 18px; padding: 14px 16px; background-color: #f3f1ec; font-size: 15px; line-height: 1.5; white-space: pre-wrap; }\ntd.content table.data {\n  width: 100%; margin: 22px 0 26px; border-collapse: collapse;\n  font-family: -apple-system, \"Segoe UI\", Roboto, Helvetica, Arial, sans-serif; font-size: 16px; line-height: 1.4;\n}\ntd.content table.data caption { padding: 0 0 8px; text-align: left; color: #6b645c; }\ntd.content table.data th { padding: 8px 10px; border-bottom: 2px solid #9c2b3c; text-align: left; vertical-align: bottom; font-weight: bold; }\ntd.content table.data td { padding: 9px 10px; border-bottom: 1px solid #e6e1d8; text-align: left; vertical-align: top; }\ntd.content table.data .right { text-align: right; white-space: nowrap; }\ntd.content table.data .center { text-align: center; }\ntd.content a.button {\n  display: inline-block; padding: 13px 28px; margin: 6px 0; border-radius: 5px; background-color: #9c2b3c;\n  font-family: -apple-system, \"Segoe UI\", Roboto, Helvetica, Arial, sans-serif;\n  font-size: 16px; line-height: 22px; font-weight: bold; color: #ffffff; text-decoration: none;\n}\n\ntd.footer {\n  padding: 26px 32px 8px; color: #5f5952; text-align: left;\n  font-family: -apple-system, \"Segoe UI\", Roboto, Helvetica, Arial, sans-serif; font-size: 15px; line-height: 1.6;\n}\ntd.footer p { margin: 0 0 8px; }\ntd.footer p.committee { color: #23211f; }\ntd.footer p.why { padding-top: 10px; }\ntd.footer p.doors { padding-top: 6px; }\ntd.footer a { color: #5f5952; text-decoration: underline; }\ntd.footer a.door { display: inline-block; padding: 10px 0; color: #9c2b3c; font-weight: bold; }\n","kept.css":":root { color-scheme: light dark; supported-color-schemes: light dark; }\na:hover { text-decoration: none !important; }\n@media only screen and (max-width: 480px) {\n  td.around { padding: 0 0 20px !important; }\n  td.online { padding: 8px 20px !important; }\n  td.masthead { padding: 20px 20px 16px !important; }\n  td.content { padding: 26px 20px 28px !important; }\n  td.footer { padding: 24px 20px 8px !important; }\n  td.content h1 { font-size: 27px !important; }\n  td.content h2 { font-size: 21px !important; }\n  td.content p.lead { font-size: 18px !important; }\n  td.content td.quote { padding-left: 16px !important; font-size: 18px !important; }\n  td.content table.data { font-size: 15px !important; }\n  td.content table.data th, td.content table.data td { padding: 8px 5px !important; }\n  td.content a.button { display: block !important; text-align: center !important; }\n}\n@media (prefers-color-scheme: dark) {\n  body, table.page { background-color: #161513 !important; color: #ebe6df !important; }\n  td.masthead, td.content { background-color: #211f1d !important; color: #ebe6df !important; }\n  td.masthead { border-color: #d9707f #3a3632 #3a3632 !important; }\n  td.masthead p.committee, td.footer p.committee,\n  td.content h1, td.content h3 { color: #f6f2ec !important; }\n  td.masthead p.date, td.online a.quiet, td.content p.caption, td.content table.data caption, td.content img { color: #b0a89e !important; }\n  td.masthead p.number, td.content h2, td.content a, td.footer a.door { color: #f2a0ab !important; }\n  td.content p.lead, td.content td.quote { color: #d3ccc3 !important; }\n  td.content td.quote { border-color: #d9707f !important; }\n  td.content hr, td.content table.data td { border-color: #3a3632 !important; }\n  td.content table.data th { border-color: #d9707f !important; }\n  td.content pre { background-color: #161513 !important; }\n  td.content a.button { background-color: #b53a4d !important; color: #ffffff !important; }\n  td.footer, td.footer a.quiet { color: #b0a89e !important; }\n}\n","letter.html.j2":"<!DOCTYPE html>\n<html lang=\"{{ letter.language }}\" dir=\"ltr\" xmlns=\"http://www.w3.org/1999/xhtml\" xmlns:v=\"urn:schemas-microsoft-com:vml\" xmlns:o=\"urn:schemas-microsoft-com:office:office\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<meta name=\"format-detection\" content=\"telephone=no, date=no, address=no, email=no, url=no\">\n<meta name=\"x-apple-disable-message-reformatting\">\n<meta name=\"color-scheme\" content=\"light dark\">\n<meta name=\"supported-color-schemes\" content=\"light dark\">\n<title>{{ spaced(letter.title) }}</title>\n<!--[if mso]>\n<noscript><xml><o:OfficeDocumentSettings><o:AllowPNG/><o:PixelsPerInch>96</o:PixelsPerInch></o:OfficeDocumentSettings></xml></noscript>\n<style>table {border-collapse: collapse; mso-table-lspace: 0; mso-table-rspace: 0;}</style>\n<![endif]-->\n<style>\n{{ inlined }}\n</style>\n<style data-premailer=\"ignore\">\n{{ kept }}\n</style>\n</head>\n<body class=\"page\">\n{% if not web %}\n<div class=\"preheader\">{{ letter.preheader }}{{ padding }}</div>\n{% endif %}\n<div role=\"article\" aria-roledescription=\"email\" aria-label=\"{{ spaced(letter.title) }}\" lang=\"{{ letter.language }}\" dir=\"ltr\">\n<table role=\"presentation\" class=\"page\" width=\"100%\" cellpadding=\"0\" cellspacing=\"0\" border=\"0\">\n<tr>\n<td class=\"around\" align=\"center\">\n<!--[if mso]><table role=\"presentation\" width=\"600\" cellpadding=\"0\" cellspacing=\"0\" border=\"0\" align=\"center\"><tr><td><![endif]-->\n<table role=\"presentation\" class=\"column\" width=\"100%\" cellpadding=\"0\" cellspacing=\"0\" border=\"0\">\n{% if not web %}\n<tr>\n<td class=\"online\" align=\"right\"><a class=\"quiet\" href=\"{{ web_version }}\">{{ tell(\"Read this letter on the web\") }}</a></td>\n</tr>\n{% endif %}\n<tr>\n<td class=\"masthead\">\n<table role=\"presentation\" width=\"100%\" cellpadding=\"0\" cellspacing=\"0\" border=\"0\">\n<tr>\n<td class=\"committee\" valign=\"bottom\"><p class=\"committee\">{{ identity.committee }}</p><p class=\"date\">{{ date }}</p></td>\n<td class=\"number\" valign=\"bottom\" align=\"right\"><p class=\"number\"><span class=\"label\">{{ tell(\"Letter no.\") }}</span> <span class=\"figure\">{{ letter.number }}</span></p></td>\n</tr>\n</table>\n</td>\n</tr>\n<tr>\n<td class=\"content\">\n{% if not headed %}\n<h1>{{ spaced(letter.title) }}</h1>\n{% endif %}\n{{ content }}\n</td>\n</tr>\n<tr>\n<td class=\"footer\">\n<p class=\"committee\">{{ identity.committee }}</p>\n<p>{{ identity.address | replace(\"\\n\", \", \") }}</p>\n<p>{{ tell(\"Telephone:\") }} {% if telephone %}<a class=\"quiet\" href=\"tel:{{ telephone }}\">{{ identity.phone }}</a>{% else %}{{ identity.phone }}{% endif %}<br>\n{{ tell(\"E-mail:\") }} <a class=\"quiet\" href=\"mailto:{{ identity.email }}\">{{ identity.email }}</a></p>\n{% if web %}\n<p class=\"why\">{{ tell(\"This page is the same for everybody. To leave the list, use the link at the end of the letter you received, or write to {email}.\", email=identity.email) }}</p>\n{% else %}\n<p class=\"why\">{{ tell(\"You receive this letter because your address is on the list “{list}”.\", list=list_title) }} {{ tell(\"To see, correct or erase what we keep about you, or to object, write to {email}.\", email=identity.email) }}</p>\n<p class=\"doors\"><a class=\"door\" href=\"{{ unsubscribe }}\">{{ tell(\"Unsubscribe\") }}</a> <span class=\"between\">·</span> <a class=\"door\" href=\"{{ web_version }}\">{{ tell(\"Web version\") }}</a></p>\n{% endif %}\n</td>\n</tr>\n</table>\n<!--[if mso]></td></tr></table><![endif]-->\n</td>\n</tr>\n</table>\n</div>\n</body>\n</html>\n","letter.txt.j2":"{{ identity.committee | wrapped }}\n{{ tell(\"Letter no.\") }} {{ letter.number }} – {{ date }}\n\n{% if not headed %}\n{{ spaced(letter.title) | wrapped }}\n{{ \"=\" * ([spaced(letter.title) | length, 72] | min) }}\n\n{% endif %}\n{{ content }}\n\n{{ \"-\" * 72 }}\n\n{{ identity.committee | wrapped }}\n{{ identity.address | replace(\"\\n\", \", \") | wrapped }}\n{{ tell(\"Telephone:\") }} {{ identity.phone }}\n{{ tell(\"E-mail:\") }} {{ identity.email }}\n\n{{ tell(\"You receive this letter because your address is on the list “{list}”.\", list=list_title) | wrapped }}\n{{ tell(\"To see, correct or erase what we keep about you, or to object, write to {email}.\", email=identity.email) | wrapped }}\n\n{{ tell(\"Unsubscribe:\") }}\n{{ unsubscribe }}\n\n{{ tell(\"Web version:\") }}\n{{ web_version }}\n"},"name":"lettre"}}','62c6342c28472af21740615964bac7a62229dfe8e02549518007f7bd3763789c','8d950828819a45603116a3f5838ea3bb2f5ac4e32d58b4c0cbb5e1d207233ec8',NULL,NULL,NULL,'s7','[300.0, 900.0, 1800.0, 3600.0, 7200.0, 14400.0, 14400.0, 14400.0, 14400.0, 14400.0, 14400.0, 14400.0, 14400.0, 14400.0, 14400.0, 14400.0]','{"left": 1, "suppressed": 1}','2026-11-28 04:48:49.678761','2026-11-28 04:48:49.678761','2026-11-28 04:48:49.678761',NULL,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
CREATE TABLE campaign_list (
	campaign_id INTEGER NOT NULL, 
	list_id INTEGER NOT NULL, 
	position INTEGER NOT NULL, 
	CONSTRAINT pk_campaign_list PRIMARY KEY (campaign_id, list_id), 
	CONSTRAINT fk_campaign_list_campaign_id_campaign FOREIGN KEY(campaign_id) REFERENCES campaign (id), 
	CONSTRAINT fk_campaign_list_list_id_list FOREIGN KEY(list_id) REFERENCES list (id)
);
INSERT INTO "campaign_list" VALUES(1,1,0);
CREATE TABLE consent_record (
	id INTEGER NOT NULL, 
	subscriber_id INTEGER, 
	list_id INTEGER, 
	event VARCHAR(16) NOT NULL, 
	basis VARCHAR(16), 
	source TEXT NOT NULL, 
	wording TEXT NOT NULL, 
	entered_by VARCHAR(200) NOT NULL, 
	delivery_id INTEGER, 
	at DATETIME NOT NULL, 
	CONSTRAINT pk_consent_record PRIMARY KEY (id), 
	CONSTRAINT fk_consent_record_list_id_list FOREIGN KEY(list_id) REFERENCES list (id), 
	CONSTRAINT fk_consent_record_subscriber_id_subscriber FOREIGN KEY(subscriber_id) REFERENCES subscriber (id) ON DELETE SET NULL
);
INSERT INTO "consent_record" VALUES(1,1,1,'subscribed','member','fichier d’essai','','',NULL,'2026-11-28 04:48:41.445518');
INSERT INTO "consent_record" VALUES(2,2,1,'subscribed','member','fichier d’essai','','',NULL,'2026-11-28 04:48:41.445518');
INSERT INTO "consent_record" VALUES(3,3,1,'subscribed','member','fichier d’essai','','',NULL,'2026-11-28 04:48:41.445518');
INSERT INTO "consent_record" VALUES(4,4,1,'subscribed','member','fichier d’essai','','',NULL,'2026-11-28 04:48:41.445518');
INSERT INTO "consent_record" VALUES(5,5,1,'subscribed','member','fichier d’essai','','',NULL,'2026-11-28 04:48:41.445518');
INSERT INTO "consent_record" VALUES(6,6,1,'subscribed','member','fichier d’essai','','',NULL,'2026-11-28 04:48:41.445518');
INSERT INTO "consent_record" VALUES(7,7,1,'subscribed','member','fichier d’essai','','',NULL,'2026-11-28 04:48:41.445518');
INSERT INTO "consent_record" VALUES(8,8,1,'subscribed','member','fichier d’essai','','',NULL,'2026-11-28 04:48:41.445518');
INSERT INTO "consent_record" VALUES(9,9,1,'subscribed','member','fichier d’essai','','',NULL,'2026-11-28 04:48:41.445518');
INSERT INTO "consent_record" VALUES(10,10,1,'subscribed','member','fichier d’essai','','',NULL,'2026-11-28 04:48:41.445518');
INSERT INTO "consent_record" VALUES(11,11,1,'subscribed','member','fichier d’essai','','',NULL,'2026-11-28 04:48:41.445518');
INSERT INTO "consent_record" VALUES(12,12,1,'subscribed','member','fichier d’essai','','',NULL,'2026-11-28 04:48:41.445518');
INSERT INTO "consent_record" VALUES(13,13,1,'subscribed','member','fichier d’essai','','',NULL,'2026-11-28 04:48:41.445518');
INSERT INTO "consent_record" VALUES(14,14,1,'subscribed','member','fichier d’essai','','',NULL,'2026-11-28 04:48:41.445518');
INSERT INTO "consent_record" VALUES(15,15,1,'subscribed','member','fichier d’essai','','',NULL,'2026-11-28 04:48:41.445518');
INSERT INTO "consent_record" VALUES(16,16,1,'subscribed','member','fichier d’essai','','',NULL,'2026-11-28 04:48:41.445518');
INSERT INTO "consent_record" VALUES(17,17,1,'subscribed','member','fichier d’essai','','',NULL,'2026-11-28 04:48:41.445518');
INSERT INTO "consent_record" VALUES(18,13,1,'left','member','pli subscriber unsubscribe','','',NULL,'2026-11-28 04:48:43.164822');
CREATE TABLE "delivery" (
	id INTEGER NOT NULL, 
	campaign_id INTEGER NOT NULL, 
	subscriber_id INTEGER, 
	list_id INTEGER NOT NULL, 
	batch INTEGER, 
	status VARCHAR(16) NOT NULL, 
	reason VARCHAR(32), 
	attempts INTEGER NOT NULL, 
	next_attempt_at DATETIME, 
	lease BIGINT, 
	doubted BOOLEAN DEFAULT 0 NOT NULL, 
	CONSTRAINT pk_delivery PRIMARY KEY (id), 
	CONSTRAINT uq_delivery_campaign_id_subscriber_id UNIQUE (campaign_id, subscriber_id), 
	CONSTRAINT fk_delivery_subscriber_id_subscriber FOREIGN KEY(subscriber_id) REFERENCES subscriber (id) ON DELETE SET NULL
);
INSERT INTO "delivery" VALUES(1,1,1,1,2,'sent',NULL,1,'2026-11-27 04:48:49.678761',NULL,0);
INSERT INTO "delivery" VALUES(2,1,2,1,2,'sent',NULL,1,'2026-11-27 04:48:49.678761',NULL,0);
INSERT INTO "delivery" VALUES(3,1,3,1,2,'uncertain',NULL,1,'2026-11-27 04:48:49.678761',NULL,0);
INSERT INTO "delivery" VALUES(4,1,4,1,2,'pending',NULL,1,'2026-11-28 04:53:29.456315',NULL,0);
INSERT INTO "delivery" VALUES(5,1,5,1,2,'failed','unknown_user',1,'2026-11-27 04:48:49.678761',NULL,0);
INSERT INTO "delivery" VALUES(6,1,6,1,2,'sent',NULL,1,'2026-11-27 04:48:49.678761',NULL,0);
INSERT INTO "delivery" VALUES(7,1,7,1,3,'sending',NULL,0,'2026-11-27 04:48:49.678761',1893122749031186984,0);
INSERT INTO "delivery" VALUES(8,1,8,1,3,'sending',NULL,0,'2026-11-27 04:48:49.678761',1893122749031186984,0);
INSERT INTO "delivery" VALUES(9,1,9,1,3,'sending',NULL,0,'2026-11-27 04:48:49.678761',1893122749031186984,0);
INSERT INTO "delivery" VALUES(10,1,10,1,3,'sending',NULL,0,'2026-11-27 04:48:49.678761',1893122749031186984,0);
INSERT INTO "delivery" VALUES(11,1,11,1,3,'sending',NULL,0,'2026-11-27 04:48:49.678761',1893122749031186984,0);
INSERT INTO "delivery" VALUES(12,1,12,1,3,'sending',NULL,0,'2026-11-27 04:48:49.678761',1893122749031186984,0);
INSERT INTO "delivery" VALUES(13,1,13,1,NULL,'excluded','left',0,NULL,NULL,0);
INSERT INTO "delivery" VALUES(14,1,14,1,NULL,'excluded','suppressed',0,NULL,NULL,0);
INSERT INTO "delivery" VALUES(15,1,15,1,1,'sent',NULL,1,'2026-11-27 04:48:49.678761',NULL,0);
INSERT INTO "delivery" VALUES(16,1,16,1,1,'sent',NULL,1,'2026-11-27 04:48:49.678761',NULL,0);
INSERT INTO "delivery" VALUES(17,1,17,1,1,'pending',NULL,0,'2026-11-27 04:48:49.678761',NULL,0);
CREATE TABLE evidence (
	id INTEGER NOT NULL, 
	delivery_id INTEGER NOT NULL, 
	at DATETIME NOT NULL, 
	source VARCHAR(16) NOT NULL, 
	status VARCHAR(16) NOT NULL, 
	detail TEXT NOT NULL, 
	CONSTRAINT pk_evidence PRIMARY KEY (id), 
	CONSTRAINT fk_evidence_delivery_id_delivery FOREIGN KEY(delivery_id) REFERENCES delivery (id)
);
CREATE TABLE import (
	id INTEGER NOT NULL, 
	file TEXT NOT NULL, 
	list_id INTEGER NOT NULL, 
	basis VARCHAR(16) NOT NULL, 
	source TEXT NOT NULL, 
	at DATETIME NOT NULL, 
	added INTEGER NOT NULL, 
	updated INTEGER NOT NULL, 
	unchanged INTEGER NOT NULL, 
	rejected INTEGER NOT NULL, 
	objected INTEGER NOT NULL, 
	CONSTRAINT pk_import PRIMARY KEY (id), 
	CONSTRAINT fk_import_list_id_list FOREIGN KEY(list_id) REFERENCES list (id)
);
INSERT INTO "import" VALUES(1,'membres.csv',1,'member','fichier d’essai','2026-11-28 04:48:41.445518',17,0,0,0,0);
CREATE TABLE key_fingerprint (
	name VARCHAR(16) NOT NULL, 
	fingerprint VARCHAR(32) NOT NULL, 
	CONSTRAINT pk_key_fingerprint PRIMARY KEY (name)
);
INSERT INTO "key_fingerprint" VALUES('address','c452e84783ce03749841265541b62d4d');
INSERT INTO "key_fingerprint" VALUES('s7','6a8f79cd53f3fe7d2c7590360080b20f');
CREATE TABLE list (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	name VARCHAR(64) NOT NULL, 
	title VARCHAR(200) NOT NULL, 
	description TEXT NOT NULL, 
	language VARCHAR(8) NOT NULL, 
	created_at DATETIME NOT NULL, relays JSON DEFAULT '[]' NOT NULL, 
	CONSTRAINT uq_list_name UNIQUE (name)
);
INSERT INTO "list" VALUES(1,'comite','comite','','fr','2026-11-28 04:48:41.442457','[]');
CREATE TABLE notice (
	id INTEGER NOT NULL, 
	kind VARCHAR(16) NOT NULL, 
	address VARCHAR(320) NOT NULL, 
	address_key BLOB NOT NULL, 
	content TEXT NOT NULL, 
	status VARCHAR(16) NOT NULL, 
	reason VARCHAR(32), 
	attempts INTEGER NOT NULL, 
	created_at DATETIME NOT NULL, 
	next_attempt_at DATETIME, 
	lease BIGINT, 
	lease_until DATETIME, 
	last_attempt_at DATETIME, 
	relay VARCHAR(255), 
	reply_code INTEGER, 
	enhanced_code VARCHAR(16), 
	reply_text TEXT, 
	CONSTRAINT pk_notice PRIMARY KEY (id)
);
INSERT INTO "notice" VALUES(1,'test','contact@example.org',X'F50161A4768F076851908B778F0E5C77','{"list": 1, "frozen": "{\"form\":1,\"identity\":{\"address\":\"1 place du Marché, 44000\",\"committee\":\"Comité régional d’essai\",\"email\":\"contact@example.org\",\"phone\":\"02 00 00 00 00\",\"public_url\":\"http://127.0.0.1:8080\",\"reply_to\":\"\",\"sender\":\"contact@example.org\"},\"letter\":{\"body\":\"\\n# Une séance\\n\\nBonjour {{ subscriber.first_name or \\\"camarade\\\" }},\\n\\nVoici la lettre.\\n\",\"date\":\"2026-11-24\",\"images\":{},\"language\":\"fr\",\"line\":8,\"number\":294,\"preheader\":\"Ce qui a été dit et voté pendant la séance plénière de novembre\",\"reply_to\":null,\"sender\":null,\"source\":\"lettre-294.md\",\"subject\":\"Lettre n° 294 : une séance\",\"theme\":\"lettre\",\"title\":\"Une séance\"},\"theme\":{\"files\":{\"inlined.css\":\"body, table.page {\\n  margin: 0; padding: 0; width: 100%; background-color: #f3f1ec; color: #23211f;\\n  -webkit-text-size-adjust: 100%; -ms-text-size-adjust: 100%;\\n}\\n.preheader {\\n  display: none; max-height: 0; max-width: 0; overflow: hidden; opacity: 0;\\n  font-size: 1px; line-height: 1px; color: #f3f1ec; mso-hide: all;\\n}\\ntd.around { padding: 8px 12px 32px; }\\ntable.column { width: 100%; max-width: 600px; margin: 0 auto; }\\n\\ntd.online { padding: 4px 4px 10px; font: 14px/1.5 -apple-system, \\\"Segoe UI\\\", Roboto, Helvetica, Arial, sans-serif; }\\na.quiet { color: #6b645c; text-decoration: underline; }\\n\\ntd.masthead {\\n  padding: 26px 32px 20px; background-color: #ffffff; border-top: 5px solid #9c2b3c;\\n  border-bottom: 1px solid #e6e1d8; font-family: -apple-system, \\\"Segoe UI\\\", Roboto, Helvetica, Arial, sans-serif;\\n}\\ntd.masthead p { margin: 0; }\\ntd.masthead td.committee { padding: 0 16px 0 0; text-align: left; }\\np.committee { font-weight: bold; }\\ntd.masthead p.committee { font-size: 18px; line-height: 1.3; color: #23211f; }\\ntd.masthead p.date { padding-top: 4px; font-size: 15px; line-height: 1.4; color: #6b645c; }\\ntd.masthead p.number { color: #9c2b3c; white-space: nowrap; }\\ntd.masthead .label { font-size: 14px; line-height: 1; }\\ntd.masthead .figure { font-family: Georgia, \\\"Times New Roman\\\", serif; font-size: 40px; line-height: 1; }\\n\\ntd.content {\\n  padding: 32px 32px 36px; background-color: #ffffff; color: #23211f; text-align: left;\\n  font-family: Georgia, \\\"Times New Roman\\\", serif; font-size: 17px; line-height: 1.6;\\n  word-wrap: break-word; overflow-wrap: break-word;\\n}\\ntd.content h1 { margin: 0 0 22px; font-size: 31px; line-height: 1.22; font-weight: bold; color: #23211f; }\\ntd.content h2 { margin: 38px 0 12px; font-size: 23px; line-height: 1.3; font-weight: bold; color: #9c2b3c; }\\ntd.content h3 { margin: 28px 0 8px; font-size: 19px; line-height: 1.35; font-weight: bold; color: #23211f; }\\ntd.content h4, td.content h5, td.content h6 { margin: 24px 0 6px; font-size: 17px; line-height: 1.4; font-weight: bold; }\\ntd.content p { margin: 0 0 18px; }\\ntd.content p.lead { font-size: 20px; line-height: 1.5; color: #4a4641; }\\ntd.content p.caption {\\n  margin: -14px 0 24px; font-family: -apple-system, \\\"Segoe UI\\\", Roboto, Helvetica, Arial, sans-serif;\\n  font-size: 15px; line-height: 1.45; color: #6b645c;\\n}\\ntd.content ul, td.content ol { margin: 0 0 18px; padding: 0 0 0 26px; }\\ntd.content li { margin: 0 0 8px; }\\ntd.content li p { margin: 0 0 8px; }\\ntd.content a { color: #9c2b3c; text-decoration: underline; }\\ntd.content img {\\n  display: block; border: 0; margin: 26px 0; color: #6b645c;\\n  font-family: -apple-system, \\\"Segoe UI\\\", Roboto, Helvetica, Arial, sans-serif; font-size: 15px; line-height: 1.4;\\n}\\ntd.content hr { margin: 32px 0; border: 0; border-top: 1px solid #e6e1d8; height: 0; }\\ntd.content blockquote { margin: 28px 0; padding: 0; }\\ntd.content td.quote { padding: 4px 0 4px 22px; border-left: 4px solid #9c2b3c; font-size: 19px; line-height: 1.55; color: #4a4641; }\\ntd.content td.quote p { margin: 0 0 10px; }\\ntd.content code, td.content kbd, td.content samp { font-family: Consolas, Menlo, monospace; font-size: 15px; }\\ntd.content pre { margin: 0 0 18px; padding: 14px 16px; background-color: #f3f1ec; font-size: 15px; line-height: 1.5; white-space: pre-wrap; }\\ntd.content table.data {\\n  width: 100%; margin: 22px 0 26px; border-collapse: collapse;\\n  font-family: -apple-system, \\\"Segoe UI\\\", Roboto, Helvetica, Arial, sans-serif; font-size: 16px; line-height: 1.4;\\n}\\ntd.content table.data caption { padding: 0 0 8px; text-align: left; color: #6b645c; }\\ntd.content table.data th { padding: 8px 10px; border-bottom: 2px solid #9c2b3c; text-align: left; vertical-align: bottom; font-weight: bold; }\\ntd.content table.data td { padding: 9px 10px; border-bottom: 1px solid #e6e1d8; text-align: left; vertical-align: top; }\\ntd.content table.data .right { text-align: right; white-space: nowrap; }\\ntd.content table.data .center { text-align: center; }\\ntd.content a.button {\\n  display: inline-block; padding: 13px 28px; margin: 6px 0; border-radius: 5px; background-color: #9c2b3c;\\n  font-family: -apple-system, \\\"Segoe UI\\\", Roboto, Helvetica, Arial, sans-serif;\\n  font-size: 16px; line-height: 22px; font-weight: bold; color: #ffffff; text-decoration: none;\\n}\\n\\ntd.footer {\\n  padding: 26px 32px 8px; color: #5f5952; text-align: left;\\n  font-family: -apple-system, \\\"Segoe UI\\\", Roboto, Helvetica, Arial, sans-serif; font-size: 15px; line-height: 1.6;\\n}\\ntd.footer p { margin: 0 0 8px; }\\ntd.footer p.committee { color: #23211f; }\\ntd.footer p.why { padding-top: 10px; }\\ntd.footer p.doors { padding-top: 6px; }\\ntd.footer a { color: #5f5952; text-decoration: underline; }\\ntd.footer a.door { display: inline-block; padding: 10px 0; color: #9c2b3c; font-weight: bold; }\\n\",\"kept.css\":\":root { color-scheme: light dark; supported-color-schemes: light dark; }\\na:hover { text-decoration: none !important; }\\n@media only screen and (max-width: 480px) {\\n  td.around { padding: 0 0 20px !important; }\\n  td.online { padding: 8px 20px !important; }\\n  td.masthead { padding: 20px 20px 16px !important; }\\n  td.content { padding: 26px 20px 28px !important; }\\n  td.footer { padding: 24px 20px 8px !important; }\\n  td.content h1 { font-size: 27px !important; }\\n  td.content h2 { font-size: 21px !important; }\\n  td.content p.lead { font-size: 18px !important; }\\n  td.content td.quote { padding-left: 16px !important; font-size: 18px !important; }\\n  td.content table.data { font-size: 15px !important; }\\n  td.content table.data th, td.content table.data td { padding: 8px 5px !important; }\\n  td.content a.button { display: block !important; text-align: center !important; }\\n}\\n@media (prefers-color-scheme: dark) {\\n  body, table.page { background-color: #161513 !important; color: #ebe6df !important; }\\n  td.masthead, td.content { background-color: #211f1d !important; color: #ebe6df !important; }\\n  td.masthead { border-color: #d9707f #3a3632 #3a3632 !important; }\\n  td.masthead p.committee, td.footer p.committee,\\n  td.content h1, td.content h3 { color: #f6f2ec !important; }\\n  td.masthead p.date, td.online a.quiet, td.content p.caption, td.content table.data caption, td.content img { color: #b0a89e !important; }\\n  td.masthead p.number, td.content h2, td.content a, td.footer a.door { color: #f2a0ab !important; }\\n  td.content p.lead, td.content td.quote { color: #d3ccc3 !important; }\\n  td.content td.quote { border-color: #d9707f !important; }\\n  td.content hr, td.content table.data td { border-color: #3a3632 !important; }\\n  td.content table.data th { border-color: #d9707f !important; }\\n  td.content pre { background-color: #161513 !important; }\\n  td.content a.button { background-color: #b53a4d !important; color: #ffffff !important; }\\n  td.footer, td.footer a.quiet { color: #b0a89e !important; }\\n}\\n\",\"letter.html.j2\":\"<!DOCTYPE html>\\n<html lang=\\\"{{ letter.language }}\\\" dir=\\\"ltr\\\" xmlns=\\\"http://www.w3.org/1999/xhtml\\\" xmlns:v=\\\"urn:schemas-microsoft-com:vml\\\" xmlns:o=\\\"urn:schemas-microsoft-com:office:office\\\">\\n<head>\\n<meta charset=\\\"utf-8\\\">\\n<meta name=\\\"viewport\\\" content=\\\"width=device-width, initial-scale=1\\\">\\n<meta name=\\\"format-detection\\\" content=\\\"telephone=no, date=no, address=no, email=no, url=no\\\">\\n<meta name=\\\"x-apple-disable-message-reformatting\\\">\\n<meta name=\\\"color-scheme\\\" content=\\\"light dark\\\">\\n<meta name=\\\"supported-color-schemes\\\" content=\\\"light dark\\\">\\n<title>{{ spaced(letter.title) }}</title>\\n<!--[if mso]>\\n<noscript><xml><o:OfficeDocumentSettings><o:AllowPNG/><o:PixelsPerInch>96</o:PixelsPerInch></o:OfficeDocumentSettings></xml></noscript>\\n<style>table {border-collapse: collapse; mso-table-lspace: 0; mso-table-rspace: 0;}</style>\\n<![endif]-->\\n<style>\\n{{ inlined }}\\n</style>\\n<style data-premailer=\\\"ignore\\\">\\n{{ kept }}\\n</style>\\n</head>\\n<body class=\\\"page\\\">\\n{% if not web %}\\n<div class=\\\"preheader\\\">{{ letter.preheader }}{{ padding }}</div>\\n{% endif %}\\n<div role=\\\"article\\\" aria-roledescription=\\\"email\\\" aria-label=\\\"{{ spaced(letter.title) }}\\\" lang=\\\"{{ letter.language }}\\\" dir=\\\"ltr\\\">\\n<table role=\\\"presentation\\\" class=\\\"page\\\" width=\\\"100%\\\" cellpadding=\\\"0\\\" cellspacing=\\\"0\\\" border=\\\"0\\\">\\n<tr>\\n<td class=\\\"around\\\" align=\\\"center\\\">\\n<!--[if mso]><table role=\\\"presentation\\\" width=\\\"600\\\" cellpadding=\\\"0\\\" cellspacing=\\\"0\\\" border=\\\"0\\\" align=\\\"center\\\"><tr><td><![endif]-->\\n<table role=\\\"presentation\\\" class=\\\"column\\\" width=\\\"100%\\\" cellpadding=\\\"0\\\" cellspacing=\\\"0\\\" border=\\\"0\\\">\\n{% if not web %}\\n<tr>\\n<td class=\\\"online\\\" align=\\\"right\\\"><a class=\\\"quiet\\\" href=\\\"{{ web_version }}\\\">{{ tell(\\\"Read this letter on the web\\\") }}</a></td>\\n</tr>\\n{% endif %}\\n<tr>\\n<td class=\\\"masthead\\\">\\n<table role=\\\"presentation\\\" width=\\\"100%\\\" cellpadding=\\\"0\\\" cellspacing=\\\"0\\\" border=\\\"0\\\">\\n<tr>\\n<td class=\\\"committee\\\" valign=\\\"bottom\\\"><p class=\\\"committee\\\">{{ identity.committee }}</p><p class=\\\"date\\\">{{ date }}</p></td>\\n<td class=\\\"number\\\" valign=\\\"bottom\\\" align=\\\"right\\\"><p class=\\\"number\\\"><span class=\\\"label\\\">{{ tell(\\\"Letter no.\\\") }}</span> <span class=\\\"figure\\\">{{ letter.number }}</span></p></td>\\n</tr>\\n</table>\\n</td>\\n</tr>\\n<tr>\\n<td class=\\\"content\\\">\\n{% if not headed %}\\n<h1>{{ spaced(letter.title) }}</h1>\\n{% endif %}\\n{{ content }}\\n</td>\\n</tr>\\n<tr>\\n<td class=\\\"footer\\\">\\n<p class=\\\"committee\\\">{{ identity.committee }}</p>\\n<p>{{ identity.address | replace(\\\"\\\\n\\\", \\\", \\\") }}</p>\\n<p>{{ tell(\\\"Telephone:\\\") }} {% if telephone %}<a class=\\\"quiet\\\" href=\\\"tel:{{ telephone }}\\\">{{ identity.phone }}</a>{% else %}{{ identity.phone }}{% endif %}<br>\\n{{ tell(\\\"E-mail:\\\") }} <a class=\\\"quiet\\\" href=\\\"mailto:{{ identity.email }}\\\">{{ identity.email }}</a></p>\\n{% if web %}\\n<p class=\\\"why\\\">{{ tell(\\\"This page is the same for everybody. To leave the list, use the link at the end of the letter you received, or write to {email}.\\\", email=identity.email) }}</p>\\n{% else %}\\n<p class=\\\"why\\\">{{ tell(\\\"You receive this letter because your address is on the list “{list}”.\\\", list=list_title) }} {{ tell(\\\"To see, correct or erase what we keep about you, or to object, write to {email}.\\\", email=identity.email) }}</p>\\n<p class=\\\"doors\\\"><a class=\\\"door\\\" href=\\\"{{ unsubscribe }}\\\">{{ tell(\\\"Unsubscribe\\\") }}</a> <span class=\\\"between\\\">·</span> <a class=\\\"door\\\" href=\\\"{{ web_version }}\\\">{{ tell(\\\"Web version\\\") }}</a></p>\\n{% endif %}\\n</td>\\n</tr>\\n</table>\\n<!--[if mso]></td></tr></table><![endif]-->\\n</td>\\n</tr>\\n</table>\\n</div>\\n</body>\\n</html>\\n\",\"letter.txt.j2\":\"{{ identity.committee | wrapped }}\\n{{ tell(\\\"Letter no.\\\") }} {{ letter.number }} – {{ date }}\\n\\n{% if not headed %}\\n{{ spaced(letter.title) | wrapped }}\\n{{ \\\"=\\\" * ([spaced(letter.title) | length, 72] | min) }}\\n\\n{% endif %}\\n{{ content }}\\n\\n{{ \\\"-\\\" * 72 }}\\n\\n{{ identity.committee | wrapped }}\\n{{ identity.address | replace(\\\"\\\\n\\\", \\\", \\\") | wrapped }}\\n{{ tell(\\\"Telephone:\\\") }} {{ identity.phone }}\\n{{ tell(\\\"E-mail:\\\") }} {{ identity.email }}\\n\\n{{ tell(\\\"You receive this letter because your address is on the list “{list}”.\\\", list=list_title) | wrapped }}\\n{{ tell(\\\"To see, correct or erase what we keep about you, or to object, write to {email}.\\\", email=identity.email) | wrapped }}\\n\\n{{ tell(\\\"Unsubscribe:\\\") }}\\n{{ unsubscribe }}\\n\\n{{ tell(\\\"Web version:\\\") }}\\n{{ web_version }}\\n\"},\"name\":\"lettre\"}}"}','sent',NULL,1,'2026-11-28 04:48:46.599745',NULL,NULL,NULL,'2026-11-28 04:48:46.983796','127.0.0.1:43831',250,'2.0.0','2.0.0 Ok: queued as 4F1A2B3C');
CREATE TABLE pacing (
	relay VARCHAR(255) NOT NULL, 
	provider VARCHAR(32) NOT NULL, 
	first_used_at DATETIME NOT NULL, 
	meters JSON NOT NULL, 
	level INTEGER NOT NULL, 
	rest_until DATETIME, 
	tries INTEGER NOT NULL, 
	weight INTEGER NOT NULL, 
	said TEXT NOT NULL, 
	CONSTRAINT pk_pacing PRIMARY KEY (relay, provider)
);
INSERT INTO "pacing" VALUES('127.0.0.1:43831','','2026-11-28 04:48:46.893000','{"3600": [[29930688, 9], [29930689, 35]]}',0,NULL,0,0,'');
INSERT INTO "pacing" VALUES('127.0.0.1:43831','lent','2026-11-28 04:48:50.775000','{"3600": [[29930688, 2]]}',0,NULL,0,0,'');
CREATE TABLE program (
	id INTEGER NOT NULL, 
	version VARCHAR(32) NOT NULL, 
	CONSTRAINT pk_program PRIMARY KEY (id)
);
INSERT INTO "program" VALUES(1,'0.1.0');
CREATE TABLE seat (
	relay VARCHAR(255) NOT NULL, 
	provider VARCHAR(32) NOT NULL, 
	holder BIGINT NOT NULL, 
	connections INTEGER NOT NULL, 
	per_second INTEGER NOT NULL, 
	rate DOUBLE NOT NULL, 
	lease_until DATETIME NOT NULL, 
	CONSTRAINT pk_seat PRIMARY KEY (relay, provider, holder)
);
INSERT INTO "seat" VALUES('127.0.0.1:43831','',3413811199918337858,3,0,0.0,'2026-11-28 04:49:20.614000');
INSERT INTO "seat" VALUES('127.0.0.1:43831','lent',3413811199918337858,1,0,0.0,'2026-11-28 04:49:20.618000');
CREATE TABLE segment (
	id INTEGER NOT NULL, 
	name VARCHAR(64) NOT NULL, 
	rule TEXT NOT NULL, 
	created_at DATETIME NOT NULL, 
	CONSTRAINT pk_segment PRIMARY KEY (id), 
	CONSTRAINT uq_segment_name UNIQUE (name)
);
CREATE TABLE subscriber (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	email VARCHAR(320) NOT NULL, 
	email_folded VARCHAR(320) NOT NULL, 
	address_key BLOB NOT NULL, 
	first_name VARCHAR(200) NOT NULL, 
	last_name VARCHAR(200) NOT NULL, 
	language VARCHAR(8) NOT NULL, 
	attributes JSON NOT NULL, 
	folded JSON NOT NULL, 
	created_at DATETIME NOT NULL, 
	CONSTRAINT uq_subscriber_email_folded UNIQUE (email_folded)
);
INSERT INTO "subscriber" VALUES(1,'adele@example.org','adele@example.org',X'BC5A5D36FB0285AAE1E84639F16E25AC','Adele','','fr','{}','{"first_name": "adele"}','2026-11-28 04:48:41.445518');
INSERT INTO "subscriber" VALUES(2,'bruno@example.org','bruno@example.org',X'4512ED122E463867EDAE391B908903FD','Bruno','','fr','{}','{"first_name": "bruno"}','2026-11-28 04:48:41.445518');
INSERT INTO "subscriber" VALUES(3,'clara@example.org','clara@example.org',X'DA4FFD122D1416861087763BE5E50AFD','Clara','','fr','{}','{"first_name": "clara"}','2026-11-28 04:48:41.445518');
INSERT INTO "subscriber" VALUES(4,'denis@example.org','denis@example.org',X'4D159A9C467C2AB48955844AE9C444C9','Denis','','fr','{}','{"first_name": "denis"}','2026-11-28 04:48:41.445518');
INSERT INTO "subscriber" VALUES(5,'elise@example.org','elise@example.org',X'3934540C94EB0FC6D33A8C2E4213DC4B','Elise','','fr','{}','{"first_name": "elise"}','2026-11-28 04:48:41.445518');
INSERT INTO "subscriber" VALUES(6,'fabien@example.org','fabien@example.org',X'3667CCD72071C225BC6FE38AE3EB5C1D','Fabien','','fr','{}','{"first_name": "fabien"}','2026-11-28 04:48:41.445518');
INSERT INTO "subscriber" VALUES(7,'gaelle@example.org','gaelle@example.org',X'D4FDE69F688B95483F569828BD57D04B','Gaelle','','fr','{}','{"first_name": "gaelle"}','2026-11-28 04:48:41.445518');
INSERT INTO "subscriber" VALUES(8,'hugo@example.org','hugo@example.org',X'23B8166A3B8507C64CD60F018D78D636','Hugo','','fr','{}','{"first_name": "hugo"}','2026-11-28 04:48:41.445518');
INSERT INTO "subscriber" VALUES(9,'ines@example.org','ines@example.org',X'F0CF0343F7F4DCD363D2348B1C75D185','Ines','','fr','{}','{"first_name": "ines"}','2026-11-28 04:48:41.445518');
INSERT INTO "subscriber" VALUES(10,'jules@example.org','jules@example.org',X'7D47F153CAF69B01C44EFB4E2932F266','Jules','','fr','{}','{"first_name": "jules"}','2026-11-28 04:48:41.445518');
INSERT INTO "subscriber" VALUES(11,'karim@example.org','karim@example.org',X'88D471AD09C70E53F8BDFD4D01C67660','Karim','','fr','{}','{"first_name": "karim"}','2026-11-28 04:48:41.445518');
INSERT INTO "subscriber" VALUES(12,'lea@example.org','lea@example.org',X'2A70C8EBF7F1B990FD9E83A4475B3C18','Lea','','fr','{}','{"first_name": "lea"}','2026-11-28 04:48:41.445518');
INSERT INTO "subscriber" VALUES(13,'paul@example.org','paul@example.org',X'50CE55FE17E5A51C3C11F78CA6B85BA4','Paul','','fr','{}','{"first_name": "paul"}','2026-11-28 04:48:41.445518');
INSERT INTO "subscriber" VALUES(14,'quitterie@example.org','quitterie@example.org',X'3E9AC8C1937326CE06B5DF1E70C0A0BA','Quitterie','','fr','{}','{"first_name": "quitterie"}','2026-11-28 04:48:41.445518');
INSERT INTO "subscriber" VALUES(15,'marc@lent.example.org','marc@lent.example.org',X'79CA43922E19571654C0F82477CE5AFB','Marc','','fr','{}','{"first_name": "marc"}','2026-11-28 04:48:41.445518');
INSERT INTO "subscriber" VALUES(16,'nora@lent.example.org','nora@lent.example.org',X'169637035E4656F34DBD786FAA718E1C','Nora','','fr','{}','{"first_name": "nora"}','2026-11-28 04:48:41.445518');
INSERT INTO "subscriber" VALUES(17,'omar@lent.example.org','omar@lent.example.org',X'083B5FC37FE700EED64AC6F88F39DAC5','Omar','','fr','{}','{"first_name": "omar"}','2026-11-28 04:48:41.445518');
CREATE TABLE subscription (
	id INTEGER NOT NULL, 
	subscriber_id INTEGER NOT NULL, 
	list_id INTEGER NOT NULL, 
	state VARCHAR(16) NOT NULL, 
	paused BOOLEAN NOT NULL, 
	basis VARCHAR(16) NOT NULL, 
	since DATETIME NOT NULL, 
	CONSTRAINT pk_subscription PRIMARY KEY (id), 
	CONSTRAINT fk_subscription_list_id_list FOREIGN KEY(list_id) REFERENCES list (id), 
	CONSTRAINT fk_subscription_subscriber_id_subscriber FOREIGN KEY(subscriber_id) REFERENCES subscriber (id) ON DELETE CASCADE, 
	CONSTRAINT uq_subscription_subscriber_id_list_id UNIQUE (subscriber_id, list_id)
);
INSERT INTO "subscription" VALUES(1,1,1,'confirmed',0,'member','2026-11-28 04:48:41.445518');
INSERT INTO "subscription" VALUES(2,2,1,'confirmed',0,'member','2026-11-28 04:48:41.445518');
INSERT INTO "subscription" VALUES(3,3,1,'confirmed',0,'member','2026-11-28 04:48:41.445518');
INSERT INTO "subscription" VALUES(4,4,1,'confirmed',0,'member','2026-11-28 04:48:41.445518');
INSERT INTO "subscription" VALUES(5,5,1,'confirmed',0,'member','2026-11-28 04:48:41.445518');
INSERT INTO "subscription" VALUES(6,6,1,'confirmed',0,'member','2026-11-28 04:48:41.445518');
INSERT INTO "subscription" VALUES(7,7,1,'confirmed',0,'member','2026-11-28 04:48:41.445518');
INSERT INTO "subscription" VALUES(8,8,1,'confirmed',0,'member','2026-11-28 04:48:41.445518');
INSERT INTO "subscription" VALUES(9,9,1,'confirmed',0,'member','2026-11-28 04:48:41.445518');
INSERT INTO "subscription" VALUES(10,10,1,'confirmed',0,'member','2026-11-28 04:48:41.445518');
INSERT INTO "subscription" VALUES(11,11,1,'confirmed',0,'member','2026-11-28 04:48:41.445518');
INSERT INTO "subscription" VALUES(12,12,1,'confirmed',0,'member','2026-11-28 04:48:41.445518');
INSERT INTO "subscription" VALUES(13,13,1,'left',0,'member','2026-11-28 04:48:41.445518');
INSERT INTO "subscription" VALUES(14,14,1,'confirmed',0,'member','2026-11-28 04:48:41.445518');
INSERT INTO "subscription" VALUES(15,15,1,'confirmed',0,'member','2026-11-28 04:48:41.445518');
INSERT INTO "subscription" VALUES(16,16,1,'confirmed',0,'member','2026-11-28 04:48:41.445518');
INSERT INTO "subscription" VALUES(17,17,1,'confirmed',0,'member','2026-11-28 04:48:41.445518');
CREATE TABLE suppression (
	address_key BLOB NOT NULL, 
	reason VARCHAR(16) NOT NULL, 
	source TEXT NOT NULL, 
	at DATETIME NOT NULL, 
	CONSTRAINT pk_suppression PRIMARY KEY (address_key)
);
INSERT INTO "suppression" VALUES(X'3E9AC8C1937326CE06B5DF1E70C0A0BA','objection','pli subscriber suppress','2026-11-28 04:48:44.556613');
INSERT INTO "suppression" VALUES(X'3934540C94EB0FC6D33A8C2E4213DC4B','hard_bounce','5.1.1 at RCPT','2026-11-28 04:48:50.817864');
CREATE TABLE worker (
	id INTEGER NOT NULL, 
	host VARCHAR(255) NOT NULL, 
	pid INTEGER NOT NULL, 
	command VARCHAR(64) NOT NULL, 
	version VARCHAR(32) NOT NULL, 
	relay VARCHAR(255) NOT NULL, 
	started_at DATETIME NOT NULL, 
	seen_at DATETIME NOT NULL, 
	batches INTEGER NOT NULL, 
	settled INTEGER NOT NULL, 
	rate DOUBLE NOT NULL, 
	CONSTRAINT pk_worker PRIMARY KEY (id)
);
INSERT INTO "worker" VALUES(1,'vm',19531,'pli send','0.1.0','127.0.0.1:43831','2026-11-28 04:48:49.970000','2026-11-28 04:48:51.994000',1,8,6.25464904761268059019e+00);
CREATE INDEX ix_campaign_active ON campaign (state) WHERE state = 'running';
CREATE INDEX ix_campaign_number ON campaign (number);
CREATE INDEX ix_subscriber_address_key ON subscriber (address_key);
CREATE INDEX ix_consent_record_subscriber_id ON consent_record (subscriber_id);
CREATE INDEX ix_subscription_list_id_subscription_state ON subscription (list_id, state);
CREATE INDEX ix_notice_due ON notice (next_attempt_at) WHERE status IN ('pending', 'sending');
CREATE INDEX ix_evidence_delivery_id ON evidence (delivery_id);
CREATE INDEX ix_batch_open ON batch (campaign_id, due_at) WHERE pending > 0 OR sending > 0;
CREATE INDEX ix_delivery_subscriber_id ON delivery (subscriber_id);
CREATE INDEX ix_delivery_reason ON delivery (campaign_id, reason) WHERE reason IS NOT NULL;
CREATE INDEX ix_delivery_batch ON delivery (campaign_id, batch);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('list',1);
INSERT INTO "sqlite_sequence" VALUES('subscriber',17);
INSERT INTO "sqlite_sequence" VALUES('campaign',1);
COMMIT;
