// ../src/internal/reader.ts
import * as Either from "effect/Either";
import * as Option2 from "effect/Option";
import * as ParseResult from "effect/ParseResult";
import * as Schema from "effect/Schema";
import * as SchemaAST from "effect/SchemaAST";

// ../src/internal/json.ts
import * as Option from "effect/Option";
var isObject = (value) => typeof value === "object" && value !== null && !Array.isArray(value);
var isArray = (value) => Array.isArray(value);
var parse = (text) => JSON.parse(text);
var parseOption = Option.liftThrowable(parse);
var stringifyOption = Option.liftThrowable((value) => JSON.stringify(value));

// ../src/internal/reader.ts
var unread = /* @__PURE__ */ Symbol("unread");
var annotationId = /* @__PURE__ */ Symbol.for("effect-growthhub/Reader");
var strictly = { errors: "all", onExcessProperty: "error" };
var plain = (is) => (value) => is(value) ? value : unread;
var oneOf = (values) => {
  const all = new Set(values);
  return plain((value) => all.has(value));
};
var union = (readers) => (value) => {
  for (const read of readers) {
    const found = read(value);
    if (found !== unread) return found;
  }
  return unread;
};
var array = (read) => (value) => {
  if (!isArray(value)) return unread;
  const out = [];
  for (const element of value) {
    const found = read(element);
    if (found === unread) return unread;
    out.push(found);
  }
  return out;
};
var filtered = (ast, read) => (value) => {
  const found = read(value);
  return found !== unread && Option2.isNone(ast.filter(found, strictly, ast)) ? found : unread;
};
var struct = (properties, isClosed) => (value) => {
  if (!isObject(value)) return unread;
  const out = {};
  const fields = value;
  let count = 0;
  for (const { name, isOptional, read } of properties) {
    if (!Object.hasOwn(fields, name)) {
      if (isOptional) continue;
      return unread;
    }
    const field = read(fields[name]);
    if (field === unread) return unread;
    out[name] = field;
    count += 1;
  }
  return isClosed && Reflect.ownKeys(fields).length !== count ? unread : out;
};
var general = (ast, direction) => {
  const schema = Schema.make(ast);
  const parse2 = direction === "decode" ? ParseResult.decodeUnknownOption(schema) : ParseResult.encodeUnknownOption(schema, strictly);
  return (value) => Option2.getOrElse(parse2(value), () => unread);
};
var given = (ast, direction) => direction === "decode" ? SchemaAST.encodedAST(ast) : SchemaAST.typeAST(ast);
var isAmbiguous = (types, direction) => types.filter((type) => given(type, direction)._tag === "TypeLiteral").length > 1;
var readerOf = (ast, direction) => {
  const own = direction === "decode" ? ast.annotations[annotationId] : void 0;
  if (own !== void 0) return own;
  if (SchemaAST.ParseOptionsAnnotationId in ast.annotations) return general(ast, direction);
  switch (ast._tag) {
    case "UnknownKeyword":
      return (value) => value;
    case "StringKeyword":
      return plain((value) => typeof value === "string");
    case "NumberKeyword":
      return plain((value) => typeof value === "number");
    case "BooleanKeyword":
      return plain((value) => typeof value === "boolean");
    case "UndefinedKeyword":
      return plain((value) => value === void 0);
    case "Literal":
      return plain((value) => value === ast.literal);
    case "Union":
      if (isAmbiguous(ast.types, direction)) return general(ast, direction);
      return ast.types.every(SchemaAST.isLiteral) ? oneOf(ast.types.map((type) => type.literal)) : union(ast.types.map((type) => readerOf(type, direction)));
    case "Refinement":
      return direction === "decode" || SchemaAST.typeAST(ast.from) === ast.from ? filtered(ast, readerOf(ast.from, direction)) : general(ast, direction);
    case "TupleType": {
      const [element, ...more] = ast.rest;
      return element !== void 0 && more.length === 0 && ast.elements.length === 0 ? array(readerOf(element.type, direction)) : general(ast, direction);
    }
    case "TypeLiteral": {
      if (ast.indexSignatures.length > 0 || ast.propertySignatures.length === 0) return general(ast, direction);
      const properties = ast.propertySignatures.map(({ name, isOptional, type }) => ({
        name,
        isOptional,
        read: readerOf(type, direction)
      }));
      return struct(properties, direction === "encode");
    }
    default:
      return general(ast, direction);
  }
};
var quickly = (read, parse2) => (value) => {
  const found = read(value);
  return found === unread ? parse2(value) : Either.right(found);
};
var decoder = (schema) => quickly(readerOf(schema.ast, "decode"), ParseResult.decodeUnknownEither(schema));
var encoder = (schema) => quickly(readerOf(schema.ast, "encode"), ParseResult.encodeUnknownEither(schema, strictly));
export {
  annotationId,
  decoder,
  encoder,
  readerOf,
  strictly,
  unread
};
