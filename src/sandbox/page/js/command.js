// What is typed, held against the registered commands: pure, no page in sight.

const NAMED = /^([^\s:"]{1,32}):/;
export const TYPE = { STRING: 3, INTEGER: 4, BOOLEAN: 5, NUMBER: 10 };

/** The name of a command, option or choice in a locale. */
export const nameIn = (thing, locale) => thing.name_localizations?.[locale] ?? thing.name;

/** The description of a command or option in a locale. */
export const descriptionIn = (thing, locale) => thing.description_localizations?.[locale] ?? thing.description ?? "";

const isCalled = (thing, text) => {
  const names = [thing.name, ...Object.values(thing.name_localizations ?? {})];
  return names.some((name) => name.toLowerCase() === text.toLowerCase());
};

/**
 * Reads a line. Words fill the options in order; `option:word` says which one; "several words" are one.
 * `words`: `{start, end, valueStart, option, value, trouble}`; `current`: the word at the caret, or the one that would begin there.
 */
export function read(line, caret, commands) {
  if (!line.startsWith("/")) return { kind: "text" };
  const typed = line.slice(1).match(/^\S*/)[0];
  const command = commands.find((one) => isCalled(one, typed)) ?? null;
  const nameEnd = 1 + typed.length;
  const inName = caret <= nameEnd;
  if (!command) return { kind: "command", typed, command, inName, nameEnd, words: [], current: null };
  const words = split(line, nameEnd);
  place(words, command.options ?? []);
  return { kind: "command", typed, command, inName, nameEnd, words, current: inName ? null : at(caret, line, words, command) };
}

function split(line, from) {
  const words = [];
  const pattern = /\s+|(?:"[^"]*"?|[^\s"])+/g;
  pattern.lastIndex = from;
  for (let match = pattern.exec(line); match; match = pattern.exec(line)) {
    if (match[0].trim() === "") continue;
    words.push({ start: match.index, end: match.index + match[0].length, text: match[0] });
  }
  return words;
}

/** Says of each word which option it fills. */
function place(words, options) {
  const taken = new Set();
  for (const word of words) {
    const name = word.text.match(NAMED)?.[1];
    const option = name && options.find((one) => isCalled(one, name));
    word.valueStart = word.start + (option ? name.length + 1 : 0);
    word.value = word.text.slice(word.valueStart - word.start).replaceAll('"', "");
    word.option = option ?? null;
    if (!option) continue;
    if (taken.has(option)) word.trouble = "twice";
    taken.add(option);
  }
  for (const word of words.filter(({ option }) => !option)) {
    word.option = options.find((one) => !taken.has(one)) ?? null;
    if (word.option) taken.add(word.option);
    else word.trouble = "extra";
  }
}

function at(caret, line, words, command) {
  const word = words.find(({ start, end }) => caret >= start && caret <= end);
  if (word) return word;
  const filled = words.map(({ option }) => option);
  const option = (command.options ?? []).find((one) => !filled.includes(one)) ?? null;
  return { start: caret, end: caret, valueStart: caret, value: "", option, empty: true };
}

/** The options as they are sent; one that is being typed is marked. */
export function given(read, focused = null) {
  const out = [];
  for (const { option, value, trouble } of read.words) {
    if (!option || trouble || (value === "" && option !== focused)) continue;
    out.push({ name: option.name, value: option === focused ? value : typedValue(option, value), ...(option === focused && { focused: true }) });
  }
  if (focused && !out.some((one) => one.focused)) out.push({ name: focused.name, value: "", focused: true });
  return out;
}

function typedValue(option, value) {
  const choice = option.choices?.find((one) => String(one.value) === value || isCalled(one, value));
  if (choice) return choice.value;
  if (option.type === TYPE.INTEGER || option.type === TYPE.NUMBER) return Number(value);
  if (option.type === TYPE.BOOLEAN) return value === "true";
  return value;
}

/** What is wrong with a command as typed: `{key, option, values}`, the missing ones last. */
export function troubles(read, locale) {
  const found = [];
  for (const { option, value, trouble } of read.words) {
    if (trouble === "extra") found.push({ key: "error.extra", option: null, values: { value } });
    else if (trouble === "twice") found.push({ key: "error.twice", option, values: { name: nameIn(option, locale) } });
    else if (value !== "") found.push(...unfit(option, value, locale));
  }
  const has = (option) => read.words.some((word) => word.option === option && word.value !== "");
  const missing = (read.command.options ?? []).filter((option) => option.required && !has(option));
  if (missing.length > 0) {
    const names = missing.map((option) => nameIn(option, locale)).join(", ");
    found.push({ key: "error.missing", option: missing[0], missing, values: { names } });
  }
  return found;
}

function unfit(option, value, locale) {
  const name = nameIn(option, locale);
  const wrong = (key, values) => [{ key: `error.${key}`, option, values: { name, ...values } }];
  if (option.choices?.length > 0) {
    const fits = option.choices.some((one) => String(one.value) === value || isCalled(one, value));
    const known = option.choices.map((one) => one.value).join(", ");
    return fits ? [] : wrong("choice", { known });
  }
  if (option.type === TYPE.BOOLEAN) return ["true", "false"].includes(value) ? [] : wrong("boolean");
  if (option.type === TYPE.INTEGER || option.type === TYPE.NUMBER) {
    const number = Number(value);
    if (Number.isNaN(number) || (option.type === TYPE.INTEGER && !Number.isInteger(number))) return wrong("number");
    if (number < (option.min_value ?? -Infinity)) return wrong("small", { n: option.min_value });
    return number > (option.max_value ?? Infinity) ? wrong("large", { n: option.max_value }) : [];
  }
  if (value.length < (option.min_length ?? 0)) return wrong("short", { n: option.min_length });
  return value.length > (option.max_length ?? 6000) ? wrong("long", { n: option.max_length ?? 6000 }) : [];
}

/** The commands that a name being typed may become, those that begin with it first. */
export function commandsLike(typed, commands, locale) {
  const text = typed.toLowerCase();
  const rank = (command) => {
    const names = [command.name, nameIn(command, locale)].map((name) => name.toLowerCase());
    if (names.some((name) => name.startsWith(text))) return 0;
    return names.some((name) => name.includes(text)) ? 1 : 2;
  };
  return commands.filter((command) => rank(command) < 2).sort((one, other) => rank(one) - rank(other));
}

/** The choices of an option that a value being typed may become. */
export function choicesLike(value, option, locale) {
  const text = value.toLowerCase();
  const like = (one) => [String(one.value), one.name, nameIn(one, locale)].some((name) => name.toLowerCase().includes(text));
  return (option.choices ?? []).filter(like);
}

/** The options that are not there yet, except the one at the caret, whose name begins like this. */
export function optionsLeft(read, locale) {
  const { current, command, words } = read;
  const filled = words.filter((word) => word !== current).map((word) => word.option);
  const left = (command.options ?? []).filter((option) => !filled.includes(option));
  const text = current && current.start === current.valueStart ? current.value.toLowerCase() : null;
  if (text === null) return [];
  return left.filter((option) => [option.name, nameIn(option, locale)].some((name) => name.toLowerCase().startsWith(text)));
}

/** A line with something put in the place of a word: `{line, caret}`. */
export function put(line, start, end, text) {
  const after = line.slice(end).replace(/^ /, "");
  return { line: line.slice(0, start) + text + after, caret: start + text.length };
}

/** A value as it is typed. */
export const quoted = (value) => (/\s/.test(value) ? `"${String(value).replaceAll('"', "")}"` : String(value));
