// SPDX-License-Identifier: BSD-3-Clause
//
// The words of the generated notice, both languages side by side, and nothing else. A new sentence
// has to be true of every policy for which it is said: notice*.c decide when that is. {names} are
// replaced there.
#include "notice_text.h"

static const char *const texts[NOTICE_TEXT_COUNT][LANG_COUNT] = {
	[TEXT_NUMBER] = {"{n}", "{n}"},
	[TEXT_DATE] = {"{y}年{month}{d}日（{w}）", "{d} {month} {y} ({w})"},
	[TEXT_DATE_TIME] = {"{date}{time}", "{date}, {time}"},
	[TEXT_MONTH] = {"{y}年{month}", "{month} {y}"},
	[TEXT_YEAR] = {"{y}年", "{y}"},
	[TEXT_WEEKDAY + 0] = {"日", "Sun"},
	[TEXT_WEEKDAY + 1] = {"月", "Mon"},
	[TEXT_WEEKDAY + 2] = {"火", "Tue"},
	[TEXT_WEEKDAY + 3] = {"水", "Wed"},
	[TEXT_WEEKDAY + 4] = {"木", "Thu"},
	[TEXT_WEEKDAY + 5] = {"金", "Fri"},
	[TEXT_WEEKDAY + 6] = {"土", "Sat"},
	[TEXT_MONTH_NAME + 0] = {"1月", "January"},
	[TEXT_MONTH_NAME + 1] = {"2月", "February"},
	[TEXT_MONTH_NAME + 2] = {"3月", "March"},
	[TEXT_MONTH_NAME + 3] = {"4月", "April"},
	[TEXT_MONTH_NAME + 4] = {"5月", "May"},
	[TEXT_MONTH_NAME + 5] = {"6月", "June"},
	[TEXT_MONTH_NAME + 6] = {"7月", "July"},
	[TEXT_MONTH_NAME + 7] = {"8月", "August"},
	[TEXT_MONTH_NAME + 8] = {"9月", "September"},
	[TEXT_MONTH_NAME + 9] = {"10月", "October"},
	[TEXT_MONTH_NAME + 10] = {"11月", "November"},
	[TEXT_MONTH_NAME + 11] = {"12月", "December"},
	[TEXT_SECOND] = {"{n}秒", "{n} second"},
	[TEXT_SECONDS] = {"{n}秒", "{n} seconds"},
	[TEXT_MINUTE] = {"{n}分", "{n} minute"},
	[TEXT_MINUTES] = {"{n}分", "{n} minutes"},
	[TEXT_HOUR] = {"{n}時間", "{n} hour"},
	[TEXT_HOURS] = {"{n}時間", "{n} hours"},
	[TEXT_DAY] = {"{n}日", "{n} day"},
	[TEXT_DAYS] = {"{n}日", "{n} days"},
	[TEXT_LIST] = {"{a}、{b}", "{a}, {b}"},
	[TEXT_SENTENCES] = {"{a}{b}", "{a} {b}"},
	[TEXT_LABEL] = {"{names}（{kinds}）", "{names} ({kinds})"},
	[TEXT_ANSWER] = {"{answer} → {leaf}", "{answer} → {leaf}"},

	[TEXT_KIND + 0] = {"動的IPアドレス", "dynamic IP addresses"},
	[TEXT_KIND + 1] = {"固定IPアドレス", "fixed IP addresses"},
	[TEXT_KIND + 2] = {"簡易固定IPアドレス", "simple fixed IP addresses"},
	[TEXT_KIND + 3] = {"半固定IPアドレス", "semi-fixed IP addresses"},
	[TEXT_KIND + 4] = {"ダイヤルアップ", "dial-up"},
	[TEXT_KIND + 5] = {"モバイル", "mobile"},
	[TEXT_KIND + 6] = {"共有IPアドレス", "shared IP addresses"},
	[TEXT_KIND + 7] = {"ホスティング", "hosting"},

	[TEXT_LABEL_POOLS] = {"{label}「{names}」", "{label} \"{names}\""},

	[TEXT_TITLE] = {"{provider} 25番ポートを使うメール送信の規制（OP25B）について",
			"{provider}: restriction of sending mail on port 25 (OP25B)"},
	[TEXT_AS_OF] = {"{date}現在", "As of {date}"},
	[TEXT_INTRO] =
		{"迷惑メールの多くは、送信者の接続から相手先のメールサーバーの25番ポートへ直接送ら"
		 "れ"
		 "ます。これを規制する仕組みを、Outbound Port 25 Blocking（OP25B）と呼びます。",
		 "Unsolicited mail is mostly sent directly, from the sender's connection to "
		 "port 25 of the receiver's mail server. Restricting this is called Outbound "
		 "Port 25 Blocking (OP25B)."},
	[TEXT_NOTHING] = {"現在、規制している接続も、規制を予定している接続もありません。",
			  "No connection is restricted, and no restriction is planned."},
	[TEXT_HEAD_WHO] = {"対象となるお客様", "Who is affected"},
	[TEXT_HEAD_STAGES] = {"規制の内容と時期", "What applies, and from when"},
	[TEXT_HEAD_OPEN] = {"引き続きご利用いただけるもの・いただけないもの",
			    "What stays open, and what does not"},
	[TEXT_HEAD_CHANGE] = {"お願いしたい設定の変更", "What to change"},
	[TEXT_HEAD_CHART] = {"影響の有無の確認", "Are you affected?"},
	[TEXT_HEAD_SERVERS] = {"ご自分でメールサーバーを運用されているお客様へ",
			       "If you run a mail server of your own"},
	[TEXT_HEAD_BASIS] = {"根拠など", "Basis and further information"},
	[TEXT_HEAD_CONTACT] = {"お問い合わせ", "Contact"},

	[TEXT_WHO_NOW] = {"{label}: 現在、規制の対象です。", "{label}: restricted at present."},
	[TEXT_WHO_LATER] = {"{label}: まだ規制していません。{from}、規制の対象になります。",
			    "{label}: not restricted yet. {from} restrictions apply."},
	[TEXT_WHO_HELD] =
		{"{label}: まだ規制していません。規制の対象とする予定で、日程は調整中です。",
		 "{label}: not restricted yet. Restrictions are planned; the date is being "
		 "arranged."},
	[TEXT_WHO_PAST] = {"{label}: 以前は規制していましたが、現在は規制していません。",
			   "{label}: was restricted, but is not any more."},
	[TEXT_WHO_COUNTED] =
		{"{label}: 規制していません。25番ポートへの接続の件数を数えることがあるだけです。",
		 "{label}: not restricted. Connections to port 25 may be counted, no "
		 "more."},
	[TEXT_WHO_NEVER] = {"{label}: 対象外です。25番ポートでの送信を規制しません。",
			    "{label}: not affected. Sending on port 25 is not restricted."},
	[TEXT_WHO_ELSEWHERE] =
		{"他社の接続サービスをご利用のお客様: "
		 "この規制の対象外です。ただし、ご利用の接続事業者"
		 "が同じような規制を行っている場合があります。",
		 "Customers who connect through another provider: not affected by this "
		 "restriction. That provider may have one of its own."},
	[TEXT_WHO_WEB] = {"Webメールだけをご利用のお客様: 影響はありません。",
			  "Customers who only use web mail: not affected."},
	[TEXT_WHO_INFRA] = {"当社の設備からの送信は、規制しません。",
			    "What our own systems send is not restricted."},
	[TEXT_WHO_EXCEPTIONS] = {"お客様ごとに取り決めた例外は、それぞれの期限まで有効です。",
				 "Exceptions made for individual customers hold until they end."},

	[TEXT_STAGE_NUMBER] = {"第{n}段階: {when}", "Stage {n}: {when}"},
	[TEXT_WHEN_PAST] = {"{date}から{end}まで実施していました。",
			    "Was in force from {date} until {end}."},
	[TEXT_WHEN_NOW] = {"{date}から実施しています。", "Has been in force since {date}."},
	[TEXT_WHEN_LATER] = {"{date}から実施します。", "Will be in force from {date}."},
	[TEXT_WHEN_ROLLING_PAST] =
		{"{date}以降、順次始め、{end}まで実施していました。",
		 "Was put into force in sequence from {date}, and ended on {end}."},
	[TEXT_WHEN_ROLLING_NOW] = {"{date}以降、順次実施しています。",
				   "Has been put into force in sequence since {date}."},
	[TEXT_WHEN_ROLLING_LATER] = {"{date}以降、順次実施します。",
				     "Will be put into force in sequence from {date}."},
	[TEXT_WHEN_ALREADY_PAST] = {"以前から{end}まで実施していました。",
				    "Was already in force, until {end}."},
	[TEXT_WHEN_ALREADY_NOW] = {"以前から実施しています。", "Is already in force."},
	[TEXT_WHEN_UNTIL] = {"{end}までの予定です。", "It is to last until {end}."},
	[TEXT_WHEN_HELD] = {"日程は調整中です。", "The date is being arranged."},
	[TEXT_WHEN_PUT_OFF] = {"{date}の予定としていましたが、日程は調整中です。",
			       "It was planned for {date}, but the date is being arranged."},
	[TEXT_WINDOW_BETWEEN] = {"{from}から{to}までの間に実施する見込みとお知らせしています。",
				 "It has been announced for the time between {from} and {to}."},
	[TEXT_WINDOW_FROM] = {"{from}以降に実施する見込みとお知らせしています。",
			      "It has been announced for {from} or later."},
	[TEXT_WINDOW_BY] = {"{to}までに実施する見込みとお知らせしています。",
			    "It has been announced for {to} at the latest."},
	[TEXT_WINDOW_WORDS] = {"お知らせした時期: {words}",
			       "In the words of the announcement: {words}"},
	[TEXT_WINDOW_PASSED] = {"お知らせした時期を過ぎましたが、まだ実施していません。",
				"That time has passed, but this has not begun."},
	[TEXT_WAVE_OPEN] = {"そのほかの接続（対象が決まり次第お知らせします）",
			    "Further connections (which ones will be announced)"},
	[TEXT_FAMILY_IP4] = {"IPv4での接続が対象です。", "This concerns connections over IPv4."},
	[TEXT_FAMILY_IP6] = {"IPv6での接続が対象です。", "This concerns connections over IPv6."},
	[TEXT_FAMILY_CARRIED] =
		{"IPv6での接続と、その中を通るIPv4での接続が対象です。",
		 "This concerns connections over IPv6, and over IPv4 that is carried in it."},
	[TEXT_FAMILY_BOTH] = {"IPv4とIPv6の両方の接続が対象です。",
			      "This concerns connections over IPv4 and over IPv6."},
	[TEXT_GATE_TCP] = {"メールサーバーが{port}番ポートで応答することを確認したうえで始めます。",
			   "It begins only when mail servers are found to answer on port {port}."},
	[TEXT_GATE_MONITOR] = {"{days}の準備期間を終えたうえで始めます。",
			       "It begins only after {days} of preparation."},
	[TEXT_GATE_SHARE] =
		{"25番ポートへの通信のうち、遮断の対象になるものが{percent}%"
		 "を下回ることを確認したうえで"
		 "始めます。",
		 "It begins only when less than {percent} % of what is sent to port 25 would be "
		 "refused."},
	[TEXT_DRAIN] = {"開始の時点で続いている接続は、{time}のあいだ続けられます。",
			"Connections that stand at its beginning may go on for {time}."},

	[TEXT_DEST_ANY] = {"すべてのメールサーバー", "all mail servers"},
	[TEXT_DEST_ALL] = {"当社のものを含むすべてのメールサーバー",
			   "all mail servers including ours"},
	[TEXT_DEST_OWN] = {"当社のメールサーバー", "our mail servers"},
	[TEXT_DEST_NOT_OURS] = {"当社以外のメールサーバー", "mail servers other than ours"},
	[TEXT_DEST_REST] = {"そのほかのメールサーバー", "all other mail servers"},
	[TEXT_DEST_REST_ALL] = {"当社のものを含む、そのほかのメールサーバー",
				"all other mail servers including ours"},
	[TEXT_DEST_SET] = {"{set}のメールサーバー", "the mail servers of {set}"},

	[TEXT_OUTCOME + 0] = {"{dest}の25番ポートへの接続は、規制していませんでした。",
			      "Connections to port 25 of {dest} were not restricted."},
	[TEXT_OUTCOME + 1] = {"{dest}の25番ポートへの接続は、規制していません。",
			      "Connections to port 25 of {dest} are not restricted."},
	[TEXT_OUTCOME + 2] = {"{dest}の25番ポートへの接続は、規制しません。",
			      "Connections to port 25 of {dest} will not be restricted."},
	[TEXT_OUTCOME +
		3] = {"{dest}の25番ポートへの接続は、規制せず、件数を数えるだけでした。",
		      "Connections to port 25 of {dest} were not restricted, only counted."},
	[TEXT_OUTCOME +
		4] = {"{dest}の25番ポートへの接続は、まだ規制していません。件数を数えるだけです。",
		      "Connections to port 25 of {dest} are not restricted yet, only counted."},
	[TEXT_OUTCOME +
		5] = {"{dest}の25番ポートへの接続は、まだ規制しません。件数を数えるだけです。",
		      "Connections to port 25 of {dest} will not be restricted yet, only counted."},
	[TEXT_OUTCOME +
		6] = {"{dest}の25番ポートへの接続は、一定時間内の回数を制限していました。",
		      "Connections to port 25 of {dest} were limited in number within a certain "
		      "time."},
	[TEXT_OUTCOME +
		7] = {"{dest}の25番ポートへの接続は、一定時間内の回数を制限しています。",
		      "Connections to port 25 of {dest} are limited in number within a certain "
		      "time."},
	[TEXT_OUTCOME + 8] = {"{dest}の25番ポートへの接続は、一定時間内の回数を制限します。",
			      "Connections to port 25 of {dest} will be limited in number within a "
			      "certain time."},
	[TEXT_OUTCOME + 9] = {"{dest}の25番ポートへの接続は、遮断していました。",
			      "Connections to port 25 of {dest} were refused."},
	[TEXT_OUTCOME + 10] = {"{dest}の25番ポートへの接続は、遮断しています。",
			       "Connections to port 25 of {dest} are refused."},
	[TEXT_OUTCOME + 11] = {"{dest}の25番ポートへの接続は、遮断します。",
			       "Connections to port 25 of {dest} will be refused."},
	[TEXT_OUTCOME +
		12] = {"{dest}の25番ポートへの接続の扱いは、サーバーによって異なっていました。",
		       "Connections to port 25 of {dest} were treated differently from server to "
		       "server."},
	[TEXT_OUTCOME +
		13] = {"{dest}の25番ポートへの接続の扱いは、サーバーによって異なります。",
		       "Connections to port 25 of {dest} are treated differently from server to "
		       "server."},
	[TEXT_OUTCOME +
		14] = {"{dest}の25番ポートへの接続の扱いは、サーバーによって異なります。",
		       "Connections to port 25 of {dest} will be treated differently from server "
		       "to server."},
	[TEXT_LIMIT_ADDRESS] =
		{"上限は、IPアドレスごとに、{time}あたり新しい接続{max}回です。",
		 "The limit for each IP address is {max} new connections in {time}."},
	[TEXT_LIMIT_LINE] = {"上限は、回線ごとに、{time}あたり新しい接続{max}回です。",
			     "The limit for each line is {max} new connections in {time}."},
	[TEXT_LIMIT_BURST] = {"短時間に続けて接続できるのは、{burst}回までです。",
			      "Of these, {burst} can be opened at once."},
	[TEXT_LIMIT_SECRET] = {"上限の数値は公開していません。",
			       "The figures of the limit are not made public."},
	[TEXT_LIMIT_OVER] = {"上限を超える接続はできません。",
			     "Connections over the limit cannot be made."},
	[TEXT_LIMIT_HOLD] = {"上限を超えると、その後{time}は接続できなくなります。",
			     "Whoever exceeds it cannot connect for {time}."},
	[TEXT_LIMIT_HOLD_SECRET] = {"上限を超えると、しばらくの間、接続できなくなります。",
				    "Whoever exceeds it cannot connect for a while."},
	[TEXT_HOW_SILENT] =
		{"接続には応答しません。メールソフトには、しばらく待ったあとにエラーが表示されます"
		 "。",
		 "They get no answer, so that a mail program reports an error only after a "
		 "while."},
	[TEXT_HOW_AT_ONCE] =
		{"接続はその場でお断りします。メールソフトには、すぐにエラーが表示されます。",
		 "They are turned away at once, so that a mail program reports an error "
		 "without delay."},
	[TEXT_MONITOR_CHANGE] = {"この間に、設定の変更をお願いします。",
				 "Please change your settings in this time."},

	[TEXT_OPEN_SUBMISSION] =
		{"587番ポート（サブミッションポート）と465番ポートでの送信は、どの接続からも、どの"
		 "メール"
		 "サーバーに対しても規制しません。",
		 "Sending on port 587 (submission) or 465 is not restricted, from any "
		 "connection and to any mail server."},
	[TEXT_OPEN_OWN] = {"{label}から当社のメールサーバーへの送信: {leaf}",
			   "{label}, to our mail servers: {leaf}"},
	[TEXT_OPEN_WEB] = {"Webメールは25番ポートを使わないため、影響ありません。",
			   "Web mail does not use port 25 and is not affected."},
	[TEXT_OPEN_REST] =
		{"メールの受信やWebの閲覧など、25番以外のポートを使う通信は規制しません。",
		 "Receiving mail, the web, and whatever else uses another port than 25 is not "
		 "restricted."},
	[TEXT_CHANGE_PORT] =
		{"メールソフトの送信サーバー（SMTPサーバー）のポート番号を、25から587に変更してくだ"
		 "さい。",
		 "In your mail program, change the port of the outgoing server (SMTP) from 25 "
		 "to 587."},
	[TEXT_CHANGE_AUTH] = {"あわせて、送信時の認証（SMTP認証、SMTP AUTH）を設定してください。",
			      "Turn on authentication for sending (SMTP AUTH) with it."},
	[TEXT_CHANGE_RECEIVE] = {"受信サーバーの設定を変更する必要はありません。",
				 "The settings of the incoming server stay as they are."},
	[TEXT_CHANGE_RELAY] = {"当社のメールサーバーだけを使って送信されている場合は、25番ポートの"
			       "ままでも送信できます。設定の変更は必須ではなく、お勧めです。",
			       "If you only send through our mail servers, port 25 stays open for "
			       "you: the change is then a recommendation."},
	[TEXT_CHANGE_EARLY] = {"587番ポートは、現在も今後も規制しません。",
			       "Port 587 is restricted neither now nor later."},
	[TEXT_CHANGE_OTHERS] =
		{"当社以外のメールサーバーをお使いの場合は、587番ポートの設定方法をその事業者にお尋"
		 "ねください。",
		 "If you use a mail server that is not ours, ask its provider for the "
		 "settings of port 587."},
	[TEXT_CHANGE_PROGRAM] =
		{"メールソフトがSMTP認証に対応していない場合は、対応しているものをお使いください。",
		 "If your mail program cannot do SMTP AUTH, please use one that can."},

	[TEXT_QUESTION_PROGRAM] =
		{"質問{n}: メールの送信に、メールソフトやメールアプリをお使いですか。",
		 "Question {n}: Do you send mail with a mail program or an app?"},
	[TEXT_QUESTION_ACCESS] = {"質問{n}: どの接続をお使いですか。",
				  "Question {n}: By which connection?"},
	[TEXT_QUESTION_SERVER] =
		{"質問{n}: "
		 "{label}をお使いの方にお尋ねします。どのメールサーバーの、どのポートで送信"
		 "していますか。",
		 "Question {n}, for {label}: Through which mail server do you send, and on "
		 "which port?"},
	[TEXT_ANSWER_YES] = {"はい", "Yes"},
	[TEXT_ANSWER_WEB] = {"いいえ（Webメールだけを使っています）", "No, only web mail"},
	[TEXT_ANSWER_ELSEWHERE] = {"当社以外の接続", "A connection of another provider"},
	[TEXT_ANSWER_587] = {"587番または465番ポート", "Any server, on port 587 or 465"},
	[TEXT_ANSWER_OWN] = {"当社のメールサーバーの25番ポート", "Our mail server, on port 25"},
	[TEXT_ANSWER_OTHERS] = {"当社以外のメールサーバーの25番ポート",
				"A mail server that is not ours, on port 25"},
	[TEXT_ANSWER_ANY] = {"メールサーバーの25番ポート", "A mail server, on port 25"},
	[TEXT_ANSWER_REST] = {"そのほかのメールサーバーの25番ポート",
			      "Any other mail server, on port 25"},
	[TEXT_ANSWER_SET] = {"{set}のメールサーバーの25番ポート",
			     "The mail servers of {set}, on port 25"},
	[TEXT_ANSWER_DIRECT] = {"ご自分のメールサーバーから相手先へ直接",
				"My own mail server, directly to the receivers'"},
	[TEXT_GO_TO] = {"質問{n}へお進みください。", "go to question {n}."},
	[TEXT_GO_SERVERS] = {"「{head}」をご覧ください。", "see \"{head}\"."},
	[TEXT_LEAF_WEB] = {"影響はありません。", "You are not affected."},
	[TEXT_LEAF_NEVER] = {"対象外です。25番ポートで送信できます。",
			     "You are not affected: you can send on port 25."},
	[TEXT_LEAF_ELSEWHERE] =
		{"この規制の対象外です。お使いの接続事業者の規制により25番ポートで送信できない場合"
		 "は、"
		 "587番ポートとSMTP認証をお使いください。",
		 "You are not affected by this restriction. If one of your provider keeps "
		 "you from sending on port 25, use port 587 with SMTP AUTH."},
	[TEXT_LEAF_587] = {"影響はありません。設定の変更は不要です。",
			   "You are not affected, and need not change anything."},
	[TEXT_FROM_DATE] = {"{date}から", "From {date}"},
	[TEXT_FROM_ROLLING] = {"{date}以降、順次", "In sequence from {date}"},
	[TEXT_LEAF + 0] = {"25番ポートで送信できます。", "You can send on port 25."},
	[TEXT_LEAF + 1] = {"{from}、25番ポートで送信できるようになります。",
			   "{from} you can send on port 25."},
	[TEXT_LEAF + 2] = {"25番ポートで送信できます。まだ規制していません。",
			   "You can send on port 25; it is not restricted yet."},
	[TEXT_LEAF + 3] = {"{from}、25番ポートで送信できるようになります。",
			   "{from} you can send on port 25."},
	[TEXT_LEAF +
		4] = {"25番ポートで送信できますが、一定時間内の接続の回数を制限しています。",
		      "You can send on port 25, but connections are limited in number within a "
		      "certain time."},
	[TEXT_LEAF + 5] =
		{"{from}、25番ポートで送信できますが、一定時間内の接続の回数を制限します。",
		 "{from} you can send on port 25, but connections are limited in number within "
		 "a certain time."},
	[TEXT_LEAF + 6] = {"25番ポートでは送信できません。", "You cannot send on port 25."},
	[TEXT_LEAF + 7] = {"{from}、25番ポートでは送信できなくなります。",
			   "{from} you can no longer send on port 25."},
	[TEXT_LEAF + 8] = {"25番ポートで送信できるかどうかは、サーバーによって異なります。",
			   "It depends on the server whether you can send on port 25."},
	[TEXT_LEAF + 9] = {"{from}、25番ポートで送信できるかどうかは、サーバーによって異なります。",
			   "{from} it depends on the server whether you can send on port 25."},
	[TEXT_LEAF_HELD] = {"25番ポートでは送信できなくなる予定で、日程は調整中です。",
			    "It is planned that you can no longer send on port 25; the date is "
			    "being arranged."},
	[TEXT_LEAF_HELD_LIMITED] =
		{"一定時間内の接続の回数を制限する予定で、日程は調整中です。",
		 "It is planned to limit the number of connections within a certain "
		 "time; the date is being arranged."},
	[TEXT_LEAF_HELD_MIXED] =
		{"25番ポートで送信できるかどうかがサーバーによって異なるようになる予定で、日程は調"
		 "整中です。",
		 "It is planned that it depends on the server whether you can send on port 25; the "
		 "date is being arranged."},
	[TEXT_ADVICE_OWN] = {"587番ポートとSMTP認証に変更してください。",
			     "Please change to port 587 with SMTP AUTH."},
	[TEXT_ADVICE_OTHERS] =
		{"そのメールサーバーの587番ポートとSMTP認証に変更してください。設定方法は、その事業"
		 "者にお尋ね"
		 "ください。",
		 "Please change to port 587 of that server with SMTP AUTH, and ask its "
		 "provider for the settings."},
	[TEXT_ADVICE_FORWARD_RELAY] = {"当社のメールサーバーへ転送するよう設定してください。",
				       "Please set it to forward to our mail servers."},
	[TEXT_ADVICE_FORWARD_587] =
		{"587番ポートとSMTP認証で受け付けるメールサーバーへ転送するよう設定してください。",
		 "Please set it to forward to a mail server that takes mail on port 587 "
		 "with SMTP AUTH."},
	[TEXT_SERVER_DIRECT] = {"{label}から相手先のメールサーバーへ直接送る場合: {leaf}",
				"{label}, directly to the receivers' mail servers: {leaf}"},
	[TEXT_SERVER_DIRECT_SET] = {"{label}から{set}のメールサーバーへ直接送る場合: {leaf}",
				    "{label}, directly to the mail servers of {set}: {leaf}"},
	[TEXT_SERVER_DIRECT_REST] = {"{label}からそのほかのメールサーバーへ直接送る場合: {leaf}",
				     "{label}, directly to all other mail servers: {leaf}"},
	[TEXT_SERVER_IN] = {"{label}: 外部からお客様の25番ポートへの接続は、規制しません。",
			    "{label}: connections from outside to port 25 of your server are not "
			    "restricted."},
	[TEXT_SERVER_IN_REFUSED] =
		{"{label}: "
		 "外部からお客様の25番ポートへの接続は、遮断しています（個別に許可しているサーバー"
		 "からの接続を除きます）。",
		 "{label}: connections from outside to port 25 of your server are refused, unless "
		 "they come from servers that are expressly permitted."},
};

const char *notice_text(enum notice_text id, enum notice_lang lang)
{
	return texts[id][lang];
}
