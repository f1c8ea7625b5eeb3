// The page's own words, in both languages, in one place.

const WORDS = {
  "brand.sub": ["sandbox", "サンドボックス"],
  "channels": ["Channels", "チャンネル"],
  "side.note": ["A local Discord and a local AWS. Nothing leaves this machine.", "この端末の中だけで動く Discord と AWS です。外には何も送られません。"],
  "people.label": ["You are", "あなたは"],
  "people.pings": ["{n} unread mention(s)", "未読のメンション {n} 件"],
  "title.engineer": ["engineer", "エンジニア"],
  "title.infra lead": ["infra lead", "インフラリード"],
  "title.guest": ["guest", "ゲスト"],
  "title.outsider": ["outsider", "部外者"],
  "language.label": ["Language", "言語"],
  "channel.unread": ["unread", "未読"],
  "channel.pings": ["{n} mention(s)", "メンション {n} 件"],
  "topic.platform": ["Ask for a project to be let in", "プロジェクトのオンボーディングを申請する場所"],
  "topic.infra-approvals": ["Infra leads approve what changes the platform's accounts", "プラットフォームのアカウントを変える操作をインフラリードが承認する場所"],
  "feed.label": ["Messages in #{channel}", "#{channel} のメッセージ"],
  "feed.empty": ["Nothing has been said here yet.", "まだメッセージはありません。"],
  "feed.empty.platform": ["Type a command below. Genkan answers here.", "下の欄にコマンドを入力すると、Genkan がここに答えます。"],
  "feed.empty.other": ["What waits for an infra lead appears here.", "インフラリードの承認を待つものがここに届きます。"],
  "feed.latest": ["Latest messages", "最新のメッセージへ"],
  "feed.sending": ["sending…", "送信中…"],
  "message.bot": ["BOT", "BOT"],
  "message.used": ["used", "が使用："],
  "message.edited": ["(edited)", "（編集済み）"],
  "message.thinking": ["{name} is thinking…", "{name} が考えています…"],
  "message.ephemeral": ["Only you can see this", "あなただけに表示されています"],
  "message.dismiss": ["Dismiss message", "メッセージを閉じる"],
  "message.failed": ["The application did not respond", "アプリケーションが応答しませんでした"],
  "message.press.failed": ["This interaction failed: the application did not respond", "操作に失敗しました：アプリケーションが応答しませんでした"],
  "message.unknown": ["(a component that this page does not show)", "（このページでは表示できない部品）"],
  "message.unknown.name": ["unknown", "不明"],
  "link.out": ["opens a new tab", "新しいタブで開きます"],
  "jump.missing": ["That message is not here any more.", "そのメッセージはもうありません。"],
  "composer.placeholder": ["Type / for commands", "/ でコマンドを入力"],
  "composer.label": ["Command for #{channel}", "#{channel} へのコマンド"],
  "composer.send": ["Send", "送信"],
  "composer.list": ["Suggestions", "候補"],
  "composer.commands": ["Commands", "コマンド"],
  "composer.options": ["Options", "オプション"],
  "composer.keys": ["↑↓ choose · Tab completes · Enter sends", "↑↓ 選択 · Tab 補完 · Enter 送信"],
  "composer.required": ["required", "必須"],
  "composer.optional": ["optional", "任意"],
  "composer.noCommands": ["No commands are registered yet: the bot has not been here.", "まだコマンドが登録されていません。ボットがまだ来ていないようです。"],
  "composer.looking": ["Asking {bot}…", "{bot} に問い合わせ中…"],
  "error.text": ["This chat only takes commands. Begin with /, for instance {example}", "ここではコマンドだけを使えます。/ から始めてください（例：{example}）"],
  "error.unknown": ["There is no command {name}. Type / to see all of them.", "{name} というコマンドはありません。/ を入力すると一覧が出ます。"],
  "error.missing": ["Still needed: {names}", "入力が必要です：{names}"],
  "error.extra": ["No option is left for “{value}”", "「{value}」に対応するオプションがありません"],
  "error.twice": ["{name} is given twice", "{name} が二度指定されています"],
  "error.choice": ["{name}: choose one of {known}", "{name}：{known} から選んでください"],
  "error.number": ["{name}: a number is needed", "{name}：数を入力してください"],
  "error.boolean": ["{name}: true or false", "{name}：true か false を入力してください"],
  "error.short": ["{name}: at least {n} characters", "{name}：{n} 文字以上で入力してください"],
  "error.long": ["{name}: at most {n} characters", "{name}：{n} 文字以内で入力してください"],
  "error.small": ["{name}: at least {n}", "{name}：{n} 以上にしてください"],
  "error.large": ["{name}: at most {n}", "{name}：{n} 以下にしてください"],
  "error.server": ["The sandbox refused: {why}", "サンドボックスで受け付けられませんでした：{why}"],
  "error.offline": ["The sandbox did not answer. It was not sent.", "サンドボックスが応答しないため、送信できませんでした。"],
  "modal.submit": ["Submit", "送信"],
  "modal.cancel": ["Cancel", "キャンセル"],
  "modal.close": ["Close", "閉じる"],
  "modal.required": ["Please fill this in.", "入力してください。"],
  "modal.short": ["At least {n} characters, please.", "{n} 文字以上で入力してください。"],
  "modal.safe": ["This form is from {bot}. Do not type passwords.", "{bot} からのフォームです。パスワードは入力しないでください。"],
  "banner.bot": ["The bot is offline. Commands will not be answered until it is back.", "ボットがオフラインです。戻るまでコマンドには応答がありません。"],
  "banner.lost": ["The connection to the sandbox is lost. Trying again…", "サンドボックスとの接続が切れました。再接続しています…"],
  "drawer.title": ["What AWS looks like", "AWS のいまの様子"],
  "drawer.toggle": ["AWS", "AWS"],
  "drawer.show": ["Show what AWS looks like", "AWS の様子を表示"],
  "drawer.hide": ["Hide what AWS looks like", "AWS の様子を隠す"],
  "drawer.count": ["{n} resources", "リソース {n} 件"],
  "drawer.changes": ["since you opened this page", "このページを開いてから"],
  "drawer.still": ["No change yet. Resources appear here while a run goes on.", "まだ変化はありません。実行が進むと、リソースがここに現れます。"],
  "drawer.again": ["All is as it was when you opened this page.", "このページを開いたときの状態に戻っています。"],
  "drawer.empty": ["Nothing here.", "何もありません。"],
  "drawer.none": ["The local AWS has no accounts.", "ローカルの AWS にアカウントがありません。"],
  "drawer.before": ["were here before", "件は以前からあるもの"],
  "drawer.added": ["{n} added", "{n} 件追加"],
  "drawer.removed": ["{n} removed", "{n} 件削除"],
  "hint.title": ["Try it", "試してみましょう"],
  "hint.ask": ["Ask for a project to be let in:", "まずオンボーディングを申請します："],
  "hint.switch": ["Become {name}, an infra lead:", "インフラリードの {name} に切り替えます："],
  "hint.approve": ["Open #{channel} and press Approve.", "#{channel} を開いて「Approve（承認）」を押します。"],
  "hint.press": ["Look at what will be done, and press Approve.", "行われることを確かめて「Approve（承認）」を押します。"],
  "hint.fill": ["Fill in", "入力する"],
  "hint.become": ["Switch to {name}", "{name} に切り替え"],
  "hint.open": ["Open #{channel}", "#{channel} を開く"],
  "hint.close": ["Hide these steps", "この手順を隠す"],
  "hint.step": ["Step {n} of 3", "手順 {n}/3"],
};

const LOCALES = ["en", "ja"];
let language = remembered();

function remembered() {
  const kept = localStorage.getItem("genkan.language");
  if (LOCALES.includes(kept)) return kept;
  return navigator.language?.startsWith("ja") ? "ja" : "en";
}

/** The page's language: `en` or `ja`. */
export const current = () => language;

/** The locale that Discord would send with an interaction. */
export const locale = () => (language === "ja" ? "ja" : "en-US");

/** Chooses the language and remembers it. */
export function choose(wanted) {
  language = LOCALES.includes(wanted) ? wanted : "en";
  localStorage.setItem("genkan.language", language);
  document.documentElement.lang = language;
}

/** A text of the catalogue with `{name}` filled in. */
export function t(key, values = {}) {
  const text = WORDS[key][LOCALES.indexOf(language)];
  return text.replace(/\{(\w+)\}/g, (_, name) => String(values[name] ?? ""));
}

/** A text of the catalogue if it has one, otherwise what was given. */
export const known = (key, otherwise) => (key in WORDS ? t(key) : otherwise);

/** Puts the words into the places of index.html that name them. */
export function fill(root) {
  for (const place of root.querySelectorAll("[data-word]")) place.textContent = t(place.dataset.word);
}
